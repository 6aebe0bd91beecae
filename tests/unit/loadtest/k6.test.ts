import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import * as esbuild from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleScript, K6_FOLDER as folder } from "../../support/k6/script.ts";

const scripts = fs.readdirSync(folder).filter((name) => name.endsWith(".js"));
const entries = ["steady.js", "reconnect-storm.js", "sends.js", "history.js"];

/** What of k6 the scripts touch, doing just enough to see that they do the right thing. */
const STUBS: Record<string, string> = {
  k6: `export const check = (value, checks) => Object.values(checks).every((one) => one(value));
    export const fail = (text) => { throw new Error(text); };
    export const sleep = (seconds) => { globalThis.k6.slept.push(seconds); };`,
  "k6/execution": `export default { scenario: { get iterationInTest() { return globalThis.k6.iteration; } } };`,
  "k6/http": `const answer = (method, url, body, params) => {
      globalThis.k6.requests.push({ method, url, body: body ? JSON.parse(body) : undefined, params });
      const token = (/users\\/(.+)\\/tokens/.exec(url) || [])[1];
      const json = () => ({ id: "channel", token, next_cursor: "c1" });
      return { status: 200, headers: {}, timings: { duration: 5 }, json, ...globalThis.k6.refuse(url) };
    };
    export default {
      get: (url, params) => answer("GET", url, undefined, params),
      post: (url, body, params) => answer("POST", url, body, params),
      batch: (all) => all.map(([method, url, body, params]) => answer(method, url, body, params)),
    };`,
  "k6/ws": `export default { connect: (url, params, use) => globalThis.k6.connect(url, params, use) };`,
  "k6/metrics": `class Metric {
      constructor(name) { this.name = name; globalThis.k6.metrics[name] = []; }
      add(value) { globalThis.k6.metrics[this.name].push(value); }
    }
    export { Metric as Counter, Metric as Trend };`,
};

interface K6 {
  requests: { method: string; url: string; body?: Record<string, unknown> }[];
  metrics: Record<string, number[]>;
  slept: number[];
  /** Iterations of the scenario so far, over all virtual users. */
  iteration: number;
  /** What an answer has instead of 200. */
  refuse: (url: string) => { status: number; headers?: Record<string, string>; json?: () => unknown } | undefined;
  connect: (url: string, params: unknown, use: (socket: FakeSocket) => void) => void;
}

class FakeSocket {
  readonly sent: { type: string; id?: string; data?: { content?: string; cursor?: string } }[] = [];
  readonly timers: { work: () => void; ms: number }[] = [];
  closed = false;
  #onMessage: (text: string) => void = () => {};

  on(_event: string, work: (text: string) => void): void {
    this.#onMessage = work;
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  setTimeout(work: () => void, ms: number): void {
    this.timers.push({ work, ms });
  }
  setInterval(): void {}
  close(): void {
    this.closed = true;
  }
  receive(frame: object): void {
    this.#onMessage(JSON.stringify(frame));
  }
}

interface Script {
  options: { scenarios?: Record<string, unknown>; thresholds: Record<string, unknown>; vus?: number };
  setup(): { users: { name: string }[]; tokens?: unknown[] };
  default(data: unknown): void;
  socket(data: unknown): void;
  restSend(data: unknown): void;
  history(data: unknown): void;
}

let built: string;
const k6: K6 = { requests: [], metrics: {}, slept: [], iteration: 0, refuse: () => undefined, connect: () => {} };

/** Loads a script as k6 would, with its modules replaced. */
async function load(name: string, env: Record<string, string>): Promise<Script> {
  const out = path.join(built, `${name}-${Object.values(env).join("-").replaceAll(/\W/g, "")}.mjs`);
  await bundleScript(name, out, STUBS);
  Object.assign(globalThis, {
    k6,
    __ENV: { KABAR_BASE_URL: "http://127.0.0.1:1", KABAR_API_KEY: "pk", KABAR_API_SECRET: "sk", ...env },
    __VU: 1,
    __ITER: 0,
    open: (file: string) => fs.readFileSync(path.join(folder, file), "utf8"),
  });
  k6.requests.length = 0;
  k6.slept.length = 0;
  k6.iteration = 0;
  k6.refuse = () => undefined;
  return (await import(pathToFileURL(out).href)) as Script;
}

beforeAll(() => {
  built = fs.mkdtempSync(path.join(import.meta.dirname, ".k6-"));
});
afterAll(() => fs.rmSync(built, { recursive: true }));

describe("the k6 scripts", () => {
  it.each(scripts)("%s needs nothing newer than ES2015, which k6 0.49 reads", async (name) => {
    const text = fs.readFileSync(path.join(folder, name), "utf8");
    const print = async (target: string) => (await esbuild.transform(text, { target, format: "esm" })).code;
    expect(await print("es2015")).toBe(await print("esnext"));
    // A comma after the last argument is newer, and a transform does not show it.
    expect(text).not.toMatch(/,\s*\)/);
  });

  it("steady opens the scenario's sockets and starts sends and reads beside them", async () => {
    const script = await load("steady.js", { SCENARIO: "baseline", SOCKETS: "100", SECONDS: "10" });
    expect(script.options.scenarios).toMatchObject({
      sockets: { vus: 100, iterations: 1 },
      rest_sends: { rate: 10, timeUnit: "30s", duration: "10s" },
      history: { rate: 120, timeUnit: "60s" },
    });
    expect(script.options.thresholds).toMatchObject({
      delivery_ms: ["p(95)<100"],
      send_rest_ms: ["p(95)<50"],
      duplicate_deliveries: ["count==0"],
    });
    const data = script.setup();
    expect(data.users).toHaveLength(100);
    expect(k6.requests.filter(({ url }) => url.endsWith("/v1/channels"))).toHaveLength(2);
    script.restSend(data);
    expect(k6.requests.at(-1)).toMatchObject({ method: "POST", body: { content: expect.stringMatching(/^k6:\d+ /) } });
    script.history(data);
    expect(k6.requests.at(-1)?.url).toMatch(/\/messages\?limit=50$/);
  });

  it("a socket pings, sends, and times what the others sent", async () => {
    const script = await load("steady.js", { SCENARIO: "baseline", SOCKETS: "10", SECONDS: "5" });
    const data = script.setup();
    k6.iteration = 9;
    k6.connect = (url, params, use) => {
      expect(url).toBe("ws://127.0.0.1:1/v1/ws");
      expect(params).toEqual({ headers: { "Sec-WebSocket-Protocol": "cariosan.jwt.load-user-00010" } });
      const socket = new FakeSocket();
      use(socket);
      for (const { work } of socket.timers) work();
      expect(socket.sent.map(({ type }) => type)).toEqual(["ping", "message.send"]);
      socket.receive({ type: "pong" });
      const [, send] = socket.sent;
      socket.receive({ type: "message.ack", data: { id: send?.id, message: {} } });
      const message = { id: "m1", content: `k6:${Date.now() - 20} hello`, user: { external_id: "someone" } };
      const created = { type: "message.created", data: { cursor: "c", message } };
      socket.receive({ type: "batch", data: { events: [created] } });
      socket.receive(created);
      expect(socket.closed).toBe(true);
    };
    script.socket(data);
    expect(k6.metrics.ping_ms).toHaveLength(1);
    expect(k6.metrics.send_socket_ms).toHaveLength(1);
    expect(k6.metrics.delivery_ms?.[0]).toBeGreaterThanOrEqual(20);
    expect(k6.metrics.duplicate_deliveries).toEqual([1]);
    expect(k6.metrics.unexpected_closes).toEqual([]);
  });

  it("the storm resumes from the last cursor", async () => {
    const script = await load("reconnect-storm.js", { SOCKETS: "10" });
    const data = script.setup();
    const sockets: FakeSocket[] = [];
    k6.connect = (_url, _params, use) => {
      const socket = new FakeSocket();
      sockets.push(socket);
      use(socket);
      socket.receive({ type: "connection.ready", data: { cursor: `ready-${sockets.length}` } });
      socket.receive({ type: "channel.updated", data: { cursor: `last-${sockets.length}` } });
      socket.receive({ type: "resumed", data: { cursor: "r", count: 0 } });
    };
    script.socket(data);
    expect(sockets[0]?.sent).toEqual([]);
    expect(sockets[1]?.sent).toEqual([{ type: "resume", data: { cursor: "last-1" } }]);
    expect(k6.metrics.resume_ms).toHaveLength(1);
  });

  it("[K6-1] the storm asks that every socket resumed, and counts those that did", async () => {
    const script = await load("reconnect-storm.js", { SOCKETS: "3" });
    expect(script.options.thresholds).toMatchObject({ sockets_resumed: ["count==3"] });
    const data = script.setup();
    /** One socket, whose first or second connection may fail: `connect` then returns without a socket. */
    const play = (opens: boolean[], answer: string) => {
      const attempts = [...opens];
      k6.connect = (_url, _params, use) => {
        if (attempts.shift() !== true) return;
        const socket = new FakeSocket();
        use(socket);
        socket.receive({ type: "connection.ready", data: { cursor: "c" } });
        if (socket.sent.some(({ type }) => type === "resume")) socket.receive({ type: answer, data: {} });
      };
      script.socket(data);
    };
    play([true, false], "resumed");
    play([false, true], "resumed");
    play([true, true], "resync");
    expect(k6.metrics.sockets_resumed).toEqual([]);
    play([true, true], "resumed");
    expect(k6.metrics.sockets_resumed).toEqual([1]);
  });

  it.each(["steady.js", "reconnect-storm.js"])("[K6-2] each socket of %s has a user of its own", async (name) => {
    const script = await load(name, { SOCKETS: "4" });
    const data = script.setup();
    const protocols: unknown[] = [];
    k6.connect = (_url, params) => {
      protocols.push((params as { headers: Record<string, string> }).headers["Sec-WebSocket-Protocol"]);
    };
    // As k6 hands them out where other executors have some too.
    for (const [iteration, vu] of [23, 4, 7, 24].entries()) {
      Object.assign(globalThis, { __VU: vu });
      k6.iteration = iteration;
      script.socket(data);
    }
    expect(protocols).toEqual([1, 2, 3, 4].map((number) => `cariosan.jwt.load-user-0000${number}`));
  });

  it("[K6-3] history waits for tokens that the server puts off, and ends where it refuses one", async () => {
    const history = await load("history.js", { MESSAGES: "1000" });
    let putOff = 0;
    k6.refuse = (url) => {
      if (!url.endsWith("/load-reader-00003/tokens") || putOff++ > 0) return undefined;
      return { status: 429, headers: { "Retry-After": "7" }, json: () => ({ error: {} }) };
    };
    expect(history.setup().tokens).toEqual(
      Array.from({ length: 200 }, (_, index) => `load-reader-${String(index + 1).padStart(5, "0")}`),
    );
    expect(k6.slept).toEqual([7]);
    k6.refuse = (url) => (url.endsWith("/tokens") ? { status: 403, json: () => ({ error: {} }) } : undefined);
    expect(() => history.setup()).toThrow(/unable to POST \/v1\/users\/load-reader-00001\/tokens; because HTTP 403/);
  });

  it.each([
    ["steady.js", "fanout", "fanout", '"steady", "soak", "connections"'],
    ["reconnect-storm.js", "baseline", "steady", '"reconnect-storm"'],
    ["sends.js", "history", "history", '"sends"'],
    ["history.js", "sends", "sends", '"history"'],
  ])("[K6-4] %s does not play the scenario %s", async (name, scenario, kind, played) => {
    await expect(load(name, { SCENARIO: scenario })).rejects.toThrow(
      `The scenario "${scenario}" is of the kind "${kind}", and this script plays ${played} only.`,
    );
  });

  it.each(["baseline", "targets", "soak", "connections"])("[K6-4] steady plays the scenario %s", async (scenario) => {
    await expect(load("steady.js", { SCENARIO: scenario })).resolves.toHaveProperty("options.scenarios.sockets");
  });

  it("[K6-5] a run without one message sent, or one page read, does not pass", async () => {
    const sends = await load("sends.js", { SOCKETS: "20" });
    expect(sends.options.thresholds).toMatchObject({ messages_acknowledged: ["count>0"] });
    sends.default(sends.setup());
    expect(k6.metrics.messages_acknowledged).toEqual([1]);
    const history = await load("history.js", { MESSAGES: "1000" });
    expect(history.options.thresholds).toMatchObject({ pages_read: ["count>0"] });
    history.default(history.setup());
    expect(k6.metrics.pages_read).toEqual([1]);
    const steady = await load("steady.js", { SCENARIO: "baseline", SOCKETS: "10" });
    expect(steady.options.thresholds).toMatchObject({ messages_acknowledged: ["count>0"] });
  });

  it("sends and history keep the scenario's number in flight", async () => {
    const sends = await load("sends.js", { SOCKETS: "20" });
    expect(sends.options.vus).toBe(16);
    sends.default(sends.setup());
    expect(k6.requests.at(-1)?.url).toMatch(/\/messages$/);
    const history = await load("history.js", {});
    expect(history.options.vus).toBe(16);
    const data = history.setup();
    history.default(data);
    history.default(data);
    expect(k6.requests.at(-1)?.url).toMatch(/limit=50&before=c1$/);
  });

  it.each(entries)("%s refuses a target that is not this machine", async (name) => {
    await expect(load(name, { KABAR_BASE_URL: "https://chat.example" })).rejects.toThrow(/ALLOW_REMOTE/);
    await expect(load(name, { KABAR_BASE_URL: "http://127.0.0.1.example" })).rejects.toThrow(/ALLOW_REMOTE/);
  });
});
