import fs from "node:fs";
import path from "node:path";
import { startDatabase } from "./database-part.ts";
import { messageOf, StackError } from "./errors.ts";
import { FolderLock } from "./lock.ts";
import type { Env, Outage, PartContext } from "./part.ts";
import { endLeftovers } from "./pid-files.ts";
import { rememberedPort } from "./port-of.ts";
import { portIsFree } from "./ports.ts";
import { startRedis } from "./redis-part.ts";
import { startGuard } from "./stack-guard.ts";
import { StateFile } from "./state.ts";
import { startStore } from "./store-part.ts";

export interface StackOptions {
  /** Folder that keeps everything between runs. */
  dataDir: string;
  /** Port of the Worker; a free one, remembered in the data folder, when not given. */
  port?: number;
  /** Settings over those of the environment. */
  env?: Record<string, string>;
  log?: (line: string) => void;
  /** Runs when the database is up and before the Worker starts (migrations, first rows); returns more variables. */
  prepare?: (databaseUrl: string, state: StateFile) => Promise<Record<string, string>>;
  /** False leaves dist/web as it is, and serves nothing of it. */
  web?: boolean;
  /** Another Worker than the one in wrangler.toml: for tests of the stack itself. */
  workerMain?: string;
}

export interface Stack {
  readonly baseUrl: string;
  readonly databaseUrl: string;
  /** The variables that the Worker was given. */
  readonly vars: Readonly<Record<string, string>>;
  readonly postgres: Outage;
  readonly redis: Outage;
  readonly worker: Outage & { kill(): Promise<void>; readonly pid: number | undefined };
  /** Stops everything; the data stays. */
  stop(): Promise<void>;
  /** Stops everything and removes the data folder. */
  destroy(): Promise<void>;
}

/** Settings that are for the stack itself and not for the Worker. */
const NOT_FOR_WORKER = /^KABAR_(POSTGRES_|REDIS_|S3_|WORKERD_|TEST_|DATA_DIR)/;

/**
 * Brings up Postgres, Redis, the object store, their doors and the Worker on the loopback interface, each local or
 * replaced by settings. What fails is reported as one line (StackError) and leaves nothing running.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const dataDir = path.resolve(options.dataDir);
  makeFolder(dataDir);
  const lock = FolderLock.take(dataDir);
  const closers: (() => Promise<void> | void)[] = [() => lock.release()];
  const closeAll = async (): Promise<void> => {
    // The last one opened goes first: the Worker before what it depends on.
    for (const close of closers.splice(0).reverse()) await Promise.resolve(close()).catch(() => undefined);
  };
  try {
    return await startParts(options, dataDir, lock, closers, closeAll);
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function startParts(
  options: StackOptions,
  dataDir: string,
  lock: FolderLock,
  closers: (() => Promise<void> | void)[],
  closeAll: () => Promise<void>,
): Promise<Stack> {
  const log = options.log ?? (() => {});
  const env: Env = { ...process.env, ...options.env };
  const leftovers = await endLeftovers(dataDir);
  if (leftovers.length > 0) log(`ended what a killed run had left: ${leftovers.join(", ")}`);
  closers.push(startGuard(dataDir));
  const state = new StateFile(dataDir);
  const context: PartContext = { dataDir, state, env, log };
  const port = await workerPort(options, state);
  const baseUrl = `http://127.0.0.1:${port}`;
  lock.note(baseUrl);

  const closedAtEnd = <P extends { close(): Promise<void> }>(part: P): P => {
    closers.push(() => part.close());
    return part;
  };
  const [database, redis, store, entryPort, , { LocalWorker }] = await allOrFirstError([
    startDatabase(context).then(async (part) => {
      closedAtEnd(part);
      const extra = (await options.prepare?.(part.databaseUrl, state)) ?? {};
      return { ...part, vars: { ...part.vars, ...extra } };
    }),
    startRedis(context).then(closedAtEnd),
    startStore(context, baseUrl).then(closedAtEnd),
    rememberedPort(state, "entry"),
    options.web === false ? undefined : import("./build-web.ts").then(({ buildWeb }) => buildWeb()),
    // Loading miniflare takes a second: that happens while Postgres starts.
    import("./worker.ts"),
  ]);
  const vars = { ...passedOn(env), ...secretVars(env, state), ...database.vars, ...redis.vars, ...store.vars };
  const worker = new LocalWorker({
    dataDir,
    port,
    entryPort,
    vars,
    log,
    web: options.web ?? true,
    ...(store.bucket && { bucket: store.bucket }),
    ...(options.workerMain !== undefined && { main: options.workerMain }),
    ...(env.KABAR_WORKERD_INSPECTOR_PORT && { inspectorPort: Number(env.KABAR_WORKERD_INSPECTOR_PORT) }),
  });
  closers.push(() => worker.stop());
  await worker.start();
  return {
    baseUrl,
    databaseUrl: database.databaseUrl,
    vars,
    postgres: { stop: () => database.stop(), start: () => database.start() },
    redis: { stop: () => redis.stop(), start: () => redis.start() },
    worker,
    stop: closeAll,
    destroy: async () => {
      await closeAll();
      database.removeOutsideData();
      fs.rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Waits for all of them even when one fails, so that what the others opened is closed and not lost. */
async function allOrFirstError<T extends unknown[]>(tasks: [...T]): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(tasks);
  return Promise.all(tasks);
}

async function workerPort(options: StackOptions, state: StateFile): Promise<number> {
  if (options.port === undefined) return rememberedPort(state, "worker");
  if (await portIsFree(options.port)) return options.port;
  throw new StackError(
    `Port ${options.port} is in use: stop what listens there, or choose another with --port or PORT.`,
  );
}

function passedOn(env: Env): Record<string, string> {
  const vars: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && /^(CARIOS|KABAR)_/.test(name) && !NOT_FOR_WORKER.test(name)) vars[name] = value;
  }
  return vars;
}

function secretVars(env: Env, state: StateFile): Record<string, string> {
  const given = env.CARIOS_JWT_SECRET;
  if (given && Buffer.byteLength(given) < 32) {
    throw new StackError(
      "CARIOS_JWT_SECRET must have at least 32 bytes: set a longer one, or unset it to have one made.",
    );
  }
  return { CARIOS_JWT_SECRET: given || state.value.secrets.jwtSecret };
}

function makeFolder(dataDir: string): void {
  try {
    fs.mkdirSync(dataDir, { recursive: true });
    fs.accessSync(dataDir, fs.constants.R_OK | fs.constants.W_OK);
  } catch (error) {
    throw new StackError(
      `The data folder ${dataDir} cannot be used (${messageOf(error)}): make it writable, or choose another with --data.`,
    );
  }
}
