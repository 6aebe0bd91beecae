import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type MiniflareOptions } from "miniflare";
import { messageOf, StackError } from "./errors.ts";
import { pidFile, readPid, removePid, runFolder } from "./pid-files.ts";
import { projectRoot } from "./root.ts";
import { withoutSignalHandlers } from "./signals.ts";
import { bundleWorker, FRONT_ENTRYPOINT } from "./worker-bundle.ts";
import { readWorkerConfig } from "./worker-config.ts";
import { doorBinding } from "./worker-outbound.ts";

const HOST = "127.0.0.1";
/** What workerd says once when it runs with V8 flags: its ready-compiled scripts were made without them. It compiles them then; nothing is wrong. */
const CACHE_REFUSED = "NOSENTRY per-isolate bootstrap compile cache";

export interface WorkerOptions {
  dataDir: string;
  /** Port of the Worker, where browsers go. */
  port: number;
  /** Port of miniflare's own entry, which only serves the object store's S3 door. */
  entryPort: number;
  vars: Record<string, string>;
  /** False serves no files of the web: miniflare takes four more isolates for it, some 10 MB. */
  web: boolean;
  /** Local bucket with its credentials; absent when a replacement store is used. */
  bucket?: { name: string; accessKeyId: string; secretAccessKey: string };
  /** Another Worker than the one in wrangler.toml: for tests of the stack itself. */
  main?: string;
  /** Where workerd answers V8's inspector protocol; not at all without one, as it costs memory and speed. */
  inspectorPort?: number;
  log?: (line: string) => void;
}

/** The Worker in workerd, with its Durable Objects and bucket kept in the data folder. */
export class LocalWorker {
  readonly baseUrl: string;
  readonly #options: WorkerOptions;
  #miniflare: Miniflare | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.baseUrl = `http://${HOST}:${options.port}`;
  }

  /** Bundles the Worker and starts workerd; the same state is there as when it last ran. */
  async start(): Promise<void> {
    if (this.#miniflare) return;
    const options = await this.#miniflareOptions();
    useLauncher();
    useV8Flags();
    const miniflare = withoutSignalHandlers(() => new Miniflare(options));
    this.#miniflare = miniflare;
    try {
      await miniflare.ready;
    } catch (error) {
      await this.stop();
      throw new StackError(`The Worker does not start: ${messageOf(error)}`);
    }
  }

  /** Stops workerd. Sockets are cut; what was acknowledged is on disk. */
  async stop(): Promise<void> {
    const miniflare = this.#miniflare;
    this.#miniflare = undefined;
    await miniflare?.dispose().catch(() => undefined);
    removePid(this.#options.dataDir, "workerd");
  }

  /** Ends workerd with SIGKILL, in the middle of whatever it does; `start()` brings it back with its state. */
  async kill(): Promise<void> {
    const pid = this.pid;
    if (pid !== undefined) process.kill(pid, "SIGKILL");
    // Without this miniflare would restart workerd by itself.
    await this.stop();
  }

  /** Process id of workerd while it runs. */
  get pid(): number | undefined {
    return readPid(this.#options.dataDir, "workerd");
  }

  async #miniflareOptions(): Promise<MiniflareOptions> {
    const { dataDir, port, entryPort, vars, web, bucket, inspectorPort, log } = this.#options;
    const config = await readWorkerConfig(projectRoot);
    const { assets: files, ...worker } = config.options;
    const assets = web ? files : undefined;
    if (assets) fs.mkdirSync(assets.directory, { recursive: true });
    fs.mkdirSync(runFolder(dataDir), { recursive: true });
    const script = await bundleWorker(this.#options.main ?? config.main, assets?.run_worker_first ?? false);
    return convertV4MiniflareOptions({
      host: HOST,
      port: entryPort,
      // A place on the map would be looked up over the network.
      cf: false,
      log: new Log(LogLevel.NONE),
      logRequests: false,
      telemetry: { enabled: false },
      resourcePersistencePath: path.join(dataDir, "worker"),
      handleStructuredLogs: ({ message }) => {
        if (!message.startsWith(CACHE_REFUSED)) log?.(message);
      },
      ...(inspectorPort !== undefined && { inspectorHost: HOST, inspectorPort }),
      unsafeRuntimeEnv: {
        KABAR_WORKERD_BINARY: workerdBinary(),
        KABAR_WORKERD_PID_FILE: pidFile(dataDir, "workerd"),
      },
      workers: [
        {
          ...worker,
          ...(assets && { assets }),
          modules: true,
          script,
          // The Worker does not use the Cache API, and its stand-in is an isolate of its own.
          cacheAPI: false,
          bindings: { ...worker.bindings, ...vars },
          serviceBindings: {
            ...worker.serviceBindings,
            KABAR_ENTRY: external(`${HOST}:${entryPort}`),
            ...doorBindings(vars),
          },
          ...(bucket && {
            r2Buckets: {
              KABAR_LOCAL_BUCKET: {
                id: bucket.name,
                s3Credentials: { accessKeyId: bucket.accessKeyId, secretAccessKey: bucket.secretAccessKey },
              },
            },
          }),
          unsafeDirectSockets: [{ host: HOST, port, entrypoint: FRONT_ENTRYPOINT }],
          unsafeRegisterWorker: false,
        },
      ],
    });
  }
}

function external(address: string) {
  return { external: { address, http: {} } };
}

/** Bindings for the doors that the variables name. */
function doorBindings({ NEON_FETCH_ENDPOINT, UPSTASH_REDIS_REST_URL }: Record<string, string>) {
  const bindings: Record<string, ReturnType<typeof external>> = {};
  for (const url of [NEON_FETCH_ENDPOINT ?? "", UPSTASH_REDIS_REST_URL ?? ""]) {
    const name = doorBinding(url);
    if (name !== undefined) bindings[name] = external(new URL(url).host);
  }
  return bindings;
}

/** miniflare starts what this variable names; the launcher raises the limit of descriptors and runs the real binary. */
function useLauncher(): void {
  if (process.platform === "win32") return;
  const launcher = path.join(projectRoot, "src/local/workerd-launcher.sh");
  // An archive download loses the executable bit.
  if ((fs.statSync(launcher).mode & 0o111) !== 0o111) fs.chmodSync(launcher, 0o755);
  process.env.MINIFLARE_WORKERD_PATH = launcher;
}

/**
 * V8 begins to look for garbage in a heap of 8 MB and not in one of hundreds, and keeps what is new in 2 MB and not in 16: a production
 * isolate is small too, while alone in a process V8 takes what the machine has. Objects of the run-time (requests, responses, streams)
 * hold memory outside V8's heap until then.
 */
function useV8Flags(): void {
  const flags = fs.readFileSync(path.join(projectRoot, "src/local/workerd-v8-flags.json"), "utf8");
  process.env.MINIFLARE_WORKERD_V8_FLAGS ??= (JSON.parse(flags) as string[]).join(" ");
}

function workerdBinary(): string {
  const fromMiniflare = createRequire(createRequire(import.meta.url).resolve("miniflare"));
  return (fromMiniflare("workerd") as { default: string }).default;
}
