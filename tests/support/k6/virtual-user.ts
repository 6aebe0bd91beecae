import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { receiveMessageOnPort, workerData } from "node:worker_threads";
import { BlockingSocket } from "./blocking-socket.ts";
import type { FromUser, HttpAnswer, HttpCall, ToUser, UserData } from "./messages.ts";

/**
 * The thread of one virtual user of k6: the script's calls block, as they do there, while another thread does what they
 * ask for. Holds as much of k6's modules as the scripts of the load tool use (https://grafana.com/docs/k6/latest/javascript-api/).
 */
const { port, signal, module, folder, env, number } = workerData as UserData;
const posted = new Int32Array(signal);

type Params = { headers?: Record<string, string> };

function post(message: FromUser): void {
  port.postMessage(message);
}

/** The next message; undefined where none comes in time. */
function receive(timeoutMs = Number.POSITIVE_INFINITY): ToUser | undefined {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const seen = Atomics.load(posted, 0);
    const received = receiveMessageOnPort(port);
    if (received !== undefined) return received.message as ToUser;
    const left = until - Date.now();
    if (left <= 0) return undefined;
    Atomics.wait(posted, 0, seen, left);
  }
}

function request(calls: HttpCall[]) {
  post({ kind: "http", calls });
  const received = receive();
  if (received?.kind !== "answers") throw new Error(`there was ${received?.kind} instead of answers`);
  return received.answers.map(responseOf);
}

function responseOf({ status, headers, body, durationMs }: HttpAnswer) {
  return { status, headers, body, timings: { duration: durationMs }, json: () => JSON.parse(body) };
}

function call(method: string, url: string, body: string | null, params: Params = {}): HttpCall {
  return { method, url, body, headers: params.headers ?? {} };
}

function connect(url: string, params: Params, use: (socket: BlockingSocket) => void): { status: number } {
  post({ kind: "open", url, protocol: params.headers?.["Sec-WebSocket-Protocol"] ?? "" });
  if (receive()?.kind !== "opened") return { status: 0 };
  const socket = new BlockingSocket({ post, receive });
  use(socket);
  socket.runUntilClosed();
  return { status: 101 };
}

class Metric {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  add(value: number): void {
    post({ kind: "metric", name: this.#name, value });
  }
}

let iterationInTest = 0;

Object.assign(globalThis, {
  __ENV: env,
  __VU: number,
  __ITER: 0,
  open: (file: string) => fs.readFileSync(path.resolve(folder, file), "utf8"),
  k6: {
    core: {
      check: (value: unknown, checks: Record<string, (value: unknown) => boolean>) =>
        Object.values(checks).every((passes) => passes(value)),
      fail(text: string) {
        throw new Error(text);
      },
      sleep: (seconds: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000),
    },
    execution: {
      scenario: {
        get iterationInTest() {
          return iterationInTest;
        },
      },
    },
    http: {
      get: (url: string, params?: Params) => request([call("GET", url, null, params)])[0],
      post: (url: string, body: string, params?: Params) => request([call("POST", url, body, params)])[0],
      batch: (calls: [string, string, string, Params?][]) => request(calls.map((each) => call(...each))),
    },
    ws: { connect },
    metrics: { Counter: Metric, Trend: Metric },
  },
});

const script = (await import(pathToFileURL(module).href)) as Record<string, unknown>;
post({ kind: "loaded", options: script.options });

for (let iteration = 0; ; iteration++) {
  const received = receive();
  if (received?.kind !== "run") continue;
  const { exec, data, iterationInTest: at } = received.iteration;
  iterationInTest = at;
  Object.assign(globalThis, { __ITER: iteration });
  try {
    const value = (script[exec] as (data: unknown) => unknown)(data);
    post({ kind: "done", value, error: undefined });
  } catch (error) {
    post({ kind: "done", value: undefined, error: String(error) });
  }
}
