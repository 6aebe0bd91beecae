import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { LoadError } from "../../errors.ts";
import { sleep } from "../../run/clock.ts";

const SAID_CHARS = 2_000;
const LOOK_MS = 20;

const running = new Set<ChildProcess>();

// However this process ends, it leaves no server behind.
process.on("exit", () => {
  for (const child of running) child.kill("SIGTERM");
});

/** A server of the comparison as a process of its own: its memory and processor time are not the generator's. */
export class ServerProcess {
  readonly #child: ChildProcess;
  #said = "";

  /**
   * Starts a script by Node, or another command, and waits until it is ready. It may tell by the end of its standard
   * input that this process is gone.
   *
   * @throws LoadError with what the server said last, where it ended or took too long
   */
  static async start(options: {
    /** Node where nothing else is said; its first argument is the script. */
    command?: string;
    script?: string;
    args: readonly string[];
    env?: Record<string, string>;
    isReady(): boolean | Promise<boolean>;
    timeoutMs: number;
  }): Promise<ServerProcess> {
    const args = options.script === undefined ? options.args : [options.script, ...options.args];
    const server = new ServerProcess(options.command ?? process.execPath, args, options.env ?? {});
    try {
      await server.#ready(options.isReady, options.timeoutMs);
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  private constructor(command: string, args: readonly string[], env: Record<string, string>) {
    this.#child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    running.add(this.#child);
    this.#child.once("exit", () => running.delete(this.#child));
    this.#child.stdin?.on("error", () => {});
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#said = `${this.#said}${text}`.slice(-SAID_CHARS);
      });
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Writes to the process's standard input. */
  tell(text: string): void {
    this.#child.stdin?.write(text);
  }

  async #ready(isReady: () => boolean | Promise<boolean>, timeoutMs: number): Promise<void> {
    const until = performance.now() + timeoutMs;
    while (!(await isReady())) {
      if (this.#ended) throw new LoadError(`unable to start the server; because it ended: ${this.#said.trim()}`);
      if (performance.now() > until) throw new LoadError(`unable to start the server; because: ${this.#said.trim()}`);
      await sleep(LOOK_MS);
    }
  }

  /** Asks the process to end, and ends it where it does not within the time. */
  async stop(graceMs = 10_000): Promise<void> {
    if (this.#ended) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), graceMs);
    await exited;
    clearTimeout(timer);
  }

  get #ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}
