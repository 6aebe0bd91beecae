import { z } from "zod";
import { LoadError } from "../errors.ts";
import { sleep } from "../run/clock.ts";

const answerSchema = z.object({
  id: z.number().optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.object({ message: z.string() }).optional(),
});

const heapUsageSchema = z.object({
  usedSize: z.number(),
  embedderHeapUsedSize: z.number().default(0),
  backingStorageSize: z.number().default(0),
});

const chunkSchema = z.object({ chunk: z.string() });

/** Bytes of one isolate that are in use. */
export interface HeapUsage {
  /** Objects of JavaScript. */
  js: number;
  /** What the run-time keeps for them in C++. */
  embedder: number;
  /** Contents of array buffers. */
  buffers: number;
}

/** Garbage is collected until a round frees less than this: finalizers free more in the next one. */
const SETTLED_BYTES = 2_048;
const MAX_ROUNDS = 8;
const POKE_MS = 20;

/** One isolate of workerd over V8's inspector protocol (https://chromedevtools.github.io/devtools-protocol/v8/). */
export class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  #lastId = 0;
  #onChunk: ((text: string) => void) | undefined;

  /**
   * @param port where workerd's inspector listens on loopback
   * @param isolate its name there, `core:user:` and the Worker's name under miniflare
   * @throws LoadError where nothing answers
   */
  static connect(port: number, isolate: string): Promise<Inspector> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/${isolate}`);
    return new Promise((resolve, reject) => {
      socket.addEventListener("open", () => resolve(new Inspector(socket)), { once: true });
      const fail = () => reject(new LoadError(`unable to inspect ${isolate}; because nothing answers on ${port}`));
      socket.addEventListener("error", fail, { once: true });
    });
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#received(String(data)));
    socket.addEventListener("close", () => {
      for (const { reject } of this.#waiting.values()) reject(new LoadError("the inspector closed the connection"));
      this.#waiting.clear();
    });
  }

  /**
   * What is in use once nothing more is garbage.
   *
   * @param poke makes the isolate run something: workerd does what the inspector asks for later only then
   */
  async settledUsage(poke: () => Promise<unknown>): Promise<HeapUsage> {
    let usage = await this.#collected(poke);
    for (let round = 1; round < MAX_ROUNDS; round++) {
      const next = await this.#collected(poke);
      const freed = usage.js - next.js;
      usage = next;
      if (freed < SETTLED_BYTES) break;
    }
    return usage;
  }

  /** The heap as V8 writes it; see `snapshot.ts`. */
  async snapshot(): Promise<string> {
    const chunks: string[] = [];
    this.#onChunk = (text) => chunks.push(text);
    await this.#call("HeapProfiler.takeHeapSnapshot", { reportProgress: false });
    this.#onChunk = undefined;
    return chunks.join("");
  }

  close(): void {
    this.#socket.close();
  }

  async #collected(poke: () => Promise<unknown>): Promise<HeapUsage> {
    let done = false;
    const collected = this.#call("HeapProfiler.collectGarbage").finally(() => {
      done = true;
    });
    while (!done) await Promise.all([poke(), sleep(POKE_MS)]);
    await collected;
    const used = heapUsageSchema.parse(await this.#call("Runtime.getHeapUsage"));
    return { js: used.usedSize, embedder: used.embedderHeapUsedSize, buffers: used.backingStorageSize };
  }

  #call(method: string, params: Record<string, unknown> = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  #received(text: string): void {
    const { id, method, params, result, error } = answerSchema.parse(JSON.parse(text));
    if (method === "HeapProfiler.addHeapSnapshotChunk") this.#onChunk?.(chunkSchema.parse(params).chunk);
    if (id === undefined) return;
    const call = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error !== undefined) call?.reject(new LoadError(`unable to inspect; because ${error.message}`));
    else call?.resolve(result);
  }
}
