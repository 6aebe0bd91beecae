import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { StackError } from "./errors.ts";
import { removePid, writePid } from "./pid-files.ts";
import { pickPort, portAnswers } from "./ports.ts";
import { endProcess } from "./processes.ts";
import { RedisClient } from "./redis-client.ts";
import type { RedisEngine } from "./redis-engine.ts";
import type { StateFile } from "./state.ts";

export type RedisKind = "redis-server" | "ioredis-mock";

/** True if a real Redis server is on the PATH. */
export function hasRedisServer(): boolean {
  try {
    execFileSync("redis-server", ["--version"], { stdio: "pipe" });
    return true;
  } catch {
    return false;
  }
}

/**
 * Redis for the local stack: the machine's own `redis-server` on a port of its own, else a mock in this process. Nothing
 * is kept on disk: it holds counters of the last minutes only.
 */
export class LocalRedis {
  readonly kind: RedisKind;
  readonly #dataDir: string;
  readonly #state: StateFile;
  #port = 0;
  #child: ChildProcess | undefined;
  #engine: RedisEngine | undefined;

  constructor(dataDir: string, state: StateFile, kind: RedisKind = hasRedisServer() ? "redis-server" : "ioredis-mock") {
    this.#dataDir = dataDir;
    this.#state = state;
    this.kind = kind;
  }

  /** The engine behind the door; a call while Redis is stopped fails as a lost connection does. */
  get engine(): RedisEngine {
    const current = (): RedisEngine => {
      if (!this.#engine) throw new Error("Redis is stopped");
      return this.#engine;
    };
    return {
      call: async (command) => current().call(command),
      transaction: async (commands) => current().transaction(commands),
      close: async () => this.stop(),
    };
  }

  /** Starts Redis; started again it has the same port and is empty. */
  async start(): Promise<void> {
    if (this.#engine) return;
    if (this.#port === 0) {
      this.#port = await pickPort(this.#state.value.ports.redis);
      this.#state.value.ports.redis = this.#port;
      this.#state.save();
    }
    if (this.kind === "redis-server") await this.#startServer();
    else this.#engine = await this.#startMock();
  }

  async stop(): Promise<void> {
    await this.#engine?.close();
    this.#engine = undefined;
    const child = this.#child;
    this.#child = undefined;
    if (child?.pid !== undefined) await endProcess(child.pid, "SIGTERM", 5_000);
    removePid(this.#dataDir, "redis");
  }

  async #startMock(): Promise<RedisEngine> {
    const { MockRedis } = await import("./redis-mock.ts");
    return new MockRedis(this.#port);
  }

  async #startServer(): Promise<void> {
    const { redisPassword } = this.#state.value.secrets;
    // Settings go over standard input, so that the password is not in the list of processes.
    const child = spawn("redis-server", ["-"], {
      cwd: this.#dataDir,
      stdio: ["pipe", "ignore", "ignore"],
      // Its own group: Ctrl-C in the terminal must reach it through the stack, after the Worker has stopped.
      detached: true,
    });
    this.#child = child;
    child.on("error", () => {});
    child.stdin.on("error", () => {});
    child.stdin.end(
      [`port ${this.#port}`, "bind 127.0.0.1", `requirepass ${redisPassword}`, 'save ""', "appendonly no", ""].join(
        "\n",
      ),
    );
    if (child.pid !== undefined) writePid(this.#dataDir, "redis", child.pid);
    if (!(await portAnswers(this.#port, 5_000))) {
      await this.stop();
      throw new StackError(
        "redis-server does not start: take it off the PATH to use the built-in one, or set KABAR_REDIS_URL.",
      );
    }
    this.#engine = new RedisClient(`redis://:${redisPassword}@127.0.0.1:${this.#port}`);
  }
}
