import { randomBytes } from "node:crypto";
import { LoadError } from "../errors.ts";
import { findListener } from "../measure/find-server.ts";
import { GeneratorSampler } from "../measure/generator-sampler.ts";
import { DeliveryLedger } from "../measure/ledger.ts";
import { MachineSampler } from "../measure/machine-sampler.ts";
import { Recorder } from "../measure/recorder.ts";
import { ServerSampler } from "../measure/server-sampler.ts";
import { HttpClient, HttpError } from "../net/http-client.ts";
import type { Outcome } from "../outcome-schema.ts";
import { summarize } from "../report/summarize.ts";
import type { Scenario } from "../scenario.ts";
import type { Phase, Summary } from "../summary.ts";
import type { LoadTarget } from "../target.ts";
import { sleep } from "./clock.ts";
import { FrameReader } from "./frame-reader.ts";
import { HistoryReads } from "./history-reads.ts";
import { PatientApi } from "./patient-api.ts";
import { type LoadUser, populate } from "./population.ts";
import { ramp } from "./ramp.ts";
import { Sends } from "./sends.ts";
import { type RunContext, Session } from "./session.ts";
import { Timetable } from "./timetable.ts";
import { schedulePings } from "./traffic.ts";

/** Lengths of the parts around the measured one; tests shorten them. */
export const PAUSES = {
  idleMs: 3_000,
  connectedMs: 3_000,
  /** The window of the server's limits: waited out where a limit was met before the measured part. */
  limitWindowMs: 60_000,
  /** After the last send: at most so long for what is outstanding, and so long for what must not come. */
  drainMs: 10_000,
  quietMs: 1_000,
};

const PROGRESS_MS = 30_000;
const CLOSE_MS = 3_000;

export interface RunOptions {
  log?: (line: string) => void;
  /** Ends the run early; what was measured until then is reported. */
  signal?: AbortSignal;
  pauses?: typeof PAUSES;
}

/** What every way of playing is made of: the parts of a run in their order, and everything that they measure. */
export class Bench {
  readonly scenario: Scenario;
  readonly target: LoadTarget;
  readonly recorder = new Recorder();
  readonly ledger = new DeliveryLedger();
  readonly timetable: Timetable;
  readonly sends: Sends;
  readonly reads: HistoryReads;
  readonly sessions: Session[] = [];
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
  readonly pauses: typeof PAUSES;
  readonly #run = randomBytes(4).toString("hex");
  readonly #startedAt = new Date();
  readonly #http: HttpClient;
  readonly #api: PatientApi;
  readonly #generator = new GeneratorSampler();
  readonly #machine = new MachineSampler();
  readonly #context: RunContext;
  #server: ServerSampler | undefined;
  #measuredSeconds = 0;

  constructor(scenario: Scenario, target: LoadTarget, options: RunOptions = {}) {
    this.scenario = scenario;
    this.target = target;
    this.log = options.log ?? (() => {});
    this.signal = options.signal ?? new AbortController().signal;
    this.pauses = options.pauses ?? PAUSES;
    this.timetable = this.newTimetable();
    this.#http = new HttpClient(target.baseUrl);
    this.#api = new PatientApi(this.#http, this.log, this.signal);
    this.sends = new Sends(this.#run, scenario.content_bytes, this.recorder, this.ledger, this.#http);
    this.reads = new HistoryReads(scenario.history_limit, this.recorder, this.#http);
    this.#context = {
      socketUrl: socketUrl(target.baseUrl, scenario.batch),
      recorder: this.recorder,
      ledger: this.ledger,
      frames: new FrameReader(this.#run),
      sends: this.sends,
      measureFrom: Number.POSITIVE_INFINITY,
    };
  }

  /** The sampler of the server's process, where it is on this machine. */
  get server(): ServerSampler | undefined {
    return this.#server;
  }

  /** REST calls that are not measured. */
  get api(): PatientApi {
    return this.#api;
  }

  /** A timetable of its own, whose delays count as the generator's. */
  newTimetable(): Timetable {
    return new Timetable((late) => this.#generator.late(late));
  }

  /** Looks at the server while nobody is connected. */
  async begin(): Promise<void> {
    await checkReachable(this.#http, this.target);
    this.#server = samplerFor(this.target, this.log);
    this.#server?.start();
    await sleep(this.pauses.idleMs, this.signal);
  }

  enter(phase: Phase, line?: string): void {
    this.#server?.enter(phase);
    if (line !== undefined) this.log(line);
  }

  /** Makes users and groups, and a session for each user; the first `limit` of them where one is given. */
  async populate(limit = this.scenario.sockets): Promise<void> {
    const { scenario } = this;
    const groups = scenario.workspaces > 1 ? `${scenario.workspaces} workspaces, ` : "";
    const sockets = Math.min(limit, scenario.sockets);
    const people = `${sockets} users in ${groups}groups of ${scenario.group_size}`;
    this.enter("setup", `run ${this.#run}: setting up ${people}`);
    const users = await populate({ ...scenario, sockets }, this.#api, this.target, this.#run);
    this.#addSessions(users);
    schedulePings(this.timetable, scenario, this.sessions, performance.now());
  }

  #addSessions(users: readonly LoadUser[]): void {
    this.sessions.push(...users.map((user) => new Session(user, this.#context)));
  }

  /** Opens sessions at the scenario's rate. */
  async ramp(sessions: readonly Session[] = this.sessions): Promise<void> {
    const rate = this.scenario.connects_per_second;
    this.enter("ramp", `opening ${sessions.length} sockets, ${rate} a second`);
    await ramp(sessions, rate, this.recorder, this.signal);
  }

  /** All sockets are open and only ping. */
  async rest(): Promise<void> {
    this.enter("connected", `${this.recorder.upgrades.succeeded} sockets are open`);
    await sleep(this.pauses.connectedMs, this.signal);
  }

  /** The measured part, as long as `work` takes. */
  async measure(work: (from: number) => Promise<void>): Promise<void> {
    const { signal, recorder } = this;
    if (this.#api.rateLimited + recorder.upgrades.rateLimited > 0) {
      this.log("a limit was met on the way here; waiting until its window has passed");
      await sleep(this.pauses.limitWindowMs, signal);
    }
    if (signal.aborted) throw new LoadError("Stopped before the measured part: there is nothing to report.");
    this.enter("run", `measuring${this.scenario.play.kind === "steady" ? ` for ${this.scenario.seconds} s` : ""}`);
    const from = performance.now();
    this.#context.measureFrom = from;
    this.#generator.start();
    this.#machine.start();
    const progress = setInterval(() => this.log(this.#progressLine(from)), PROGRESS_MS);
    try {
      await work(from);
    } finally {
      clearInterval(progress);
      this.timetable.stop();
      this.#generator.stop();
      this.#machine.stop();
      this.#measuredSeconds = (performance.now() - from) / 1000;
    }
  }

  /** Waits for what should come, then a little for what should not: a duplicate comes late. */
  async drain(): Promise<void> {
    this.enter("drain", "waiting for what is still on its way");
    const { ledger, reads, recorder, pauses } = this;
    const until = performance.now() + pauses.drainMs;
    const outstanding = () =>
      ledger.outstanding() || reads.outstanding || recorder.pings.answered < recorder.pings.sent;
    while (outstanding() && performance.now() < until) await sleep(50);
    await sleep(pauses.quietMs);
    this.sends.giveUp();
    reads.giveUp();
  }

  summary(outcome: Outcome): Summary {
    return summarize({
      scenario: this.scenario,
      target: this.target,
      startedAt: this.#startedAt,
      measuredSeconds: this.#measuredSeconds,
      interrupted: this.signal.aborted,
      recorder: this.recorder,
      deliveries: this.ledger.summary(),
      server: this.#server?.summary() ?? null,
      generator: this.#generator.summary(),
      machineBusyPercent: this.#machine.busyPercent(),
      outcome,
    });
  }

  async end(): Promise<void> {
    this.timetable.stop();
    this.#server?.stop();
    for (const session of this.sessions) session.close();
    const until = performance.now() + CLOSE_MS;
    while (this.sessions.some((session) => session.open) && performance.now() < until) await sleep(20);
    this.#http.close();
  }

  #progressLine(from: number): string {
    const seconds = Math.round((performance.now() - from) / 1000);
    const { sends, upgrades, reads } = this.recorder;
    const { seen, duplicates } = this.ledger.summary();
    return `${seconds} s: ${upgrades.succeeded} sockets opened, ${sends.acknowledged} messages acknowledged, ${sends.failed} failed, ${seen} deliveries, ${duplicates} duplicates, ${reads.answered} pages`;
  }
}

/** Where the target takes WebSockets. */
export function socketUrl(baseUrl: URL, batch = false): URL {
  const url = new URL("/v1/ws", baseUrl);
  url.protocol = baseUrl.protocol === "https:" ? "wss:" : "ws:";
  if (batch) url.searchParams.set("batch", "1");
  return url;
}

async function checkReachable(http: HttpClient, target: LoadTarget): Promise<void> {
  try {
    await http.request({ method: "GET", path: "/healthz" });
  } catch (error) {
    const code = error instanceof HttpError ? error.code : String(error);
    throw new LoadError(`Unable to reach ${target.baseUrl.origin}; because ${code}. Is the server running?`);
  }
}

function samplerFor(target: LoadTarget, log: (line: string) => void): ServerSampler | undefined {
  if (!target.loopback) return undefined;
  const port = Number(target.baseUrl.port === "" ? 80 : target.baseUrl.port);
  // Who listens now knows better than a file that may be older than the process.
  const pid = findListener(port) ?? target.serverPid;
  if (pid === undefined) log("the server's process was not found: its memory and CPU are not measured");
  return pid === undefined ? undefined : new ServerSampler(pid);
}
