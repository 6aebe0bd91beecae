import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { FromUser, HttpAnswer, HttpCall, Iteration, ToUser, UserData } from "./messages.ts";

export interface HostOptions extends Pick<UserData, "module" | "folder" | "env" | "number"> {
  onMetric(name: string, value: number): void;
}

/** Runs a virtual user in a thread of its own, and does its requests and its socket for it. */
export class UserHost {
  readonly #port: MessagePort;
  readonly #signal = new SharedArrayBuffer(4);
  readonly #worker: Worker;
  readonly #onMetric: HostOptions["onMetric"];
  #socket: WebSocket | undefined;
  #settle: { resolve(value: unknown): void; reject(error: Error): void } | undefined;

  constructor({ onMetric, ...given }: HostOptions) {
    this.#onMetric = onMetric;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on("message", (message: FromUser) => this.#handle(message));
    const workerData: UserData = { ...given, port: port2, signal: this.#signal };
    const options = { workerData, transferList: [port2] };
    this.#worker = new Worker(new URL("./virtual-user.ts", import.meta.url), options);
    this.#worker.on("error", (error) => this.#settle?.reject(error as Error));
  }

  /** Resolves with the script's `options` once it is loaded. */
  load(): Promise<unknown> {
    return this.#next();
  }

  /** Resolves with what the function returned; rejects with what it threw. */
  run(iteration: Iteration): Promise<unknown> {
    const ended = this.#next();
    this.#post({ kind: "run", iteration });
    return ended;
  }

  async stop(): Promise<void> {
    this.#socket?.close();
    await this.#worker.terminate();
  }

  #next(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  #post(message: ToUser): void {
    this.#port.postMessage(message);
    const posted = new Int32Array(this.#signal);
    Atomics.add(posted, 0, 1);
    Atomics.notify(posted, 0);
  }

  #handle(message: FromUser): void {
    switch (message.kind) {
      case "loaded":
        this.#settle?.resolve(message.options);
        break;
      case "done":
        if (message.error === undefined) this.#settle?.resolve(message.value);
        else this.#settle?.reject(new Error(message.error));
        break;
      case "metric":
        this.#onMetric(message.name, message.value);
        break;
      case "http":
        void Promise.all(message.calls.map(answer)).then((answers) => this.#post({ kind: "answers", answers }));
        break;
      case "open":
        this.#open(message.url, message.protocol);
        break;
      case "send":
        this.#socket?.send(message.text);
        break;
      case "close":
        this.#socket?.close();
        break;
    }
  }

  #open(url: string, protocol: string): void {
    const socket = new WebSocket(url, protocol);
    this.#socket = socket;
    socket.onopen = () => this.#post({ kind: "opened" });
    socket.onmessage = ({ data }) => this.#post({ kind: "text", text: String(data) });
    // Also after one that could not be opened.
    socket.onclose = () => this.#post({ kind: "closed" });
  }
}

async function answer({ method, url, body, headers }: HttpCall): Promise<HttpAnswer> {
  const from = performance.now();
  try {
    const response = await fetch(url, { method, headers, ...(body === null ? {} : { body }) });
    const text = await response.text();
    const named = [...response.headers].map(([name, value]) => [canonical(name), value] as const);
    return {
      status: response.status,
      headers: Object.fromEntries(named),
      body: text,
      durationMs: performance.now() - from,
    };
  } catch {
    return { status: 0, headers: {}, body: "", durationMs: performance.now() - from };
  }
}

/** `retry-after` as `Retry-After`. */
function canonical(name: string): string {
  return name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}
