import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { messageOf, StackError } from "./errors.ts";
import { removePid, writePid } from "./pid-files.ts";
import { pickPort } from "./ports.ts";
import { type PostgresBinaries, postgresBinaries } from "./postgres-binaries.ts";
import { canReach, postgresUser, type SystemUser, sharedFolder } from "./postgres-user.ts";
import { commandOf, endProcess, isAlive } from "./processes.ts";
import type { StateFile } from "./state.ts";

const HOST = "127.0.0.1";
const NAME = "kabar";
const READY = "database system is ready to accept connections";

/** Durable (fsync stays on) and otherwise made for one developer's machine. */
const SETTINGS = {
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  listen_addresses: HOST,
  unix_socket_directories: "",
  max_connections: "60",
  shared_buffers: "128MB",
  wal_level: "minimal",
  max_wal_senders: "0",
  max_wal_size: "1GB",
  checkpoint_timeout: "15min",
  jit: "off",
  log_checkpoints: "off",
} as const;

/** A real PostgreSQL server with its data below the data folder, on the loopback interface. */
export class LocalPostgres {
  readonly #dataDir: string;
  readonly #state: StateFile;
  readonly #log: (line: string) => void;
  #port = 0;
  #child: ChildProcess | undefined;

  constructor(dataDir: string, state: StateFile, log: (line: string) => void = () => {}) {
    this.#dataDir = dataDir;
    this.#state = state;
    this.#log = log;
  }

  /** Connection string of the application's database; stable across stop and start. */
  get url(): string {
    return `postgres://${NAME}:${this.#state.value.secrets.postgresPassword}@${HOST}:${this.#port}/${NAME}`;
  }

  /** Starts the server, making the cluster and the database the first time. Started again, it has the same port. */
  async start(): Promise<void> {
    if (this.#child) return;
    const user = postgresUser();
    const binaries = await postgresBinaries(user);
    const cluster = this.#clusterFolder(user);
    const isNew = !fs.existsSync(path.join(cluster, "PG_VERSION"));
    if (isNew) await this.#initialise(cluster, binaries, user);
    await clearStaleLock(cluster);
    if (this.#port === 0) {
      this.#port = await pickPort(this.#state.value.ports.postgres);
      this.#state.value.ports.postgres = this.#port;
      this.#state.save();
    }
    await this.#launch(cluster, binaries, user);
    await this.#createDatabase();
  }

  /** Stops the server ("fast": open transactions are rolled back, everything committed is on disk). */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.pid !== undefined) await endProcess(child.pid, "SIGINT", 10_000);
    removePid(this.#dataDir, "postgres");
  }

  /** Removes a cluster that lies outside of the data folder; the folder itself belongs to the caller. */
  removeOutsideData(): void {
    const outside = this.#state.value.postgresDataDir;
    if (outside !== undefined) fs.rmSync(outside, { recursive: true, force: true });
  }

  #clusterFolder(user: SystemUser | undefined): string {
    const inside = path.join(this.#dataDir, "postgres");
    if (!user) return inside;
    const known = this.#state.value.postgresDataDir;
    if (known !== undefined && fs.existsSync(known)) return known;
    // Our own folder may be closed (0700); let others through but not look in.
    fs.chmodSync(this.#dataDir, fs.statSync(this.#dataDir).mode | 0o011);
    if (canReach(inside, user)) return inside;
    const outside = sharedFolder(`postgres-${createHash("sha256").update(this.#dataDir).digest("hex").slice(0, 12)}`);
    // A folder of that name from a data folder that is gone cannot be opened: its password went with the state.
    fs.rmSync(outside, { recursive: true, force: true });
    this.#state.value.postgresDataDir = outside;
    this.#state.save();
    return outside;
  }

  async #initialise(cluster: string, binaries: PostgresBinaries, user: SystemUser | undefined): Promise<void> {
    // What an interrupted first start left is no cluster yet.
    fs.rmSync(cluster, { recursive: true, force: true });
    fs.mkdirSync(cluster, { recursive: true, mode: 0o700 });
    const passwordFile = `${cluster}.password`;
    fs.writeFileSync(passwordFile, `${this.#state.value.secrets.postgresPassword}\n`, { mode: 0o600 });
    if (user) for (const file of [cluster, passwordFile]) fs.chownSync(file, user.uid, user.gid);
    const flags = [
      `--pgdata=${cluster}`,
      `--username=${NAME}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
    ];
    try {
      await promisify(execFile)(binaries.initdb, flags, { ...user, cwd: "/" });
    } catch (error) {
      fs.rmSync(cluster, { recursive: true, force: true });
      throw new StackError(`Postgres could not make its data folder ${cluster}: ${messageOf(error)}`);
    } finally {
      fs.rmSync(passwordFile, { force: true });
    }
  }

  async #launch(cluster: string, binaries: PostgresBinaries, user: SystemUser | undefined): Promise<void> {
    const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const child = spawn(binaries.postgres, ["-D", cluster, "-p", String(this.#port), ...settings], {
      ...user,
      cwd: "/",
      stdio: ["ignore", "ignore", "pipe"],
      // Its own group: Ctrl-C in the terminal must reach it through the stack, after the Worker has stopped.
      detached: true,
    });
    this.#child = child;
    if (child.pid !== undefined) writePid(this.#dataDir, "postgres", child.pid);
    const lines: string[] = [];
    const ready = await new Promise<boolean>((resolve) => {
      child.once("error", () => resolve(false));
      child.once("exit", () => resolve(false));
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        for (const line of text.trim().split("\n")) this.#log(line);
        if (lines.length < 50) lines.push(text);
        if (text.includes(READY)) resolve(true);
      });
    });
    if (ready) return;
    await this.stop();
    const reason = /(?:FATAL|PANIC|ERROR|error):?\s+(.*)/.exec(lines.join(""))?.[1] ?? "it ended at once";
    throw new StackError(
      `Postgres does not start (${reason}). If its data in ${cluster} is broken, remove ${this.#dataDir} to start anew.`,
    );
  }

  async #createDatabase(): Promise<void> {
    const client = new pg.Client({ connectionString: this.url.replace(/\/[^/]*$/, "/postgres") });
    try {
      await client.connect();
      const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [NAME]);
      if (rowCount === 0) await client.query(`CREATE DATABASE ${NAME}`);
    } catch (error) {
      await this.stop();
      throw new StackError(
        `Postgres in ${this.#dataDir} refuses the password in state.json (${messageOf(error)}): remove the folder to start anew.`,
      );
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/** After a crash postmaster.pid stays. Ends a server that still runs on this folder, else removes the file. */
async function clearStaleLock(cluster: string): Promise<void> {
  const lock = path.join(cluster, "postmaster.pid");
  if (!fs.existsSync(lock)) return;
  const pid = Number(fs.readFileSync(lock, "utf8").split("\n")[0]);
  if (Number.isInteger(pid) && pid > 1 && isAlive(pid) && commandOf(pid).includes(cluster)) {
    await endProcess(pid, "SIGINT", 10_000);
  }
  // Postgres clears a dead owner's file itself, but not when another process has that number by now.
  fs.rmSync(lock, { force: true });
}
