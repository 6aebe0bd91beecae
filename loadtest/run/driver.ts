import { randomBytes } from "node:crypto";
import { LoadError } from "../errors.ts";
import { findListener } from "../measure/find-server.ts";
import { GeneratorSampler } from "../measure/generator-sampler.ts";
import { DeliveryLedger } from "../measure/ledger.ts";
import { MachineSampler } from "../measure/machine-sampler.ts";
import { Recorder } from "../measure/recorder.ts";
import { ServerSampler } from "../measure/server-sampler.ts";
import { HttpClient, HttpError } from "../net/http-client.ts";
import { summarize } from "../report/summarize.ts";
import type { Scenario } from "../scenario.ts";
import type { Phase, Summary } from "../summary.ts";
import type { LoadTarget } from "../target.ts";
import { sleep } from "./clock.ts";
import { FrameReader } from "./frame-reader.ts";
import { HistoryReads } from "./history-reads.ts";
import { PatientApi } from "./patient-api.ts";
import { populate } from "./population.ts";
import { ramp } from "./ramp.ts";
import { Sends } from "./sends.ts";
import { type RunContext, Session } from "./session.ts";
import { Timetable } from "./timetable.ts";
import { schedulePings, scheduleReads, scheduleSends } from "./traffic.ts";

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

/** Plays one scenario against a target: set up, open, measure, wait for the rest, close. */
export async function play(scenario: Scenario, target: LoadTarget, options: RunOptions = {}): Promise<Summary> {
  const { log = () => {}, signal = new AbortController().signal, pauses = PAUSES } = options;
  const startedAt = new Date();
  const run = randomBytes(4).toString("hex");
  const http = new HttpClient(target.baseUrl);
  const recorder = new Recorder();
  const ledger = new DeliveryLedger();
  const generator = new GeneratorSampler();
  const machine = new MachineSampler();
  const sends = new Sends(run, scenario.content_bytes, recorder, ledger, http);
  const reads = new HistoryReads(scenario.history_limit, recorder, http);
  const timetable = new Timetable((late) => generator.late(late));
  let server: ServerSampler | undefined;
  const sessions: Session[] = [];
  const enter = (phase: Phase, line?: string) => {
    server?.enter(phase);
    if (line !== undefined) log(line);
  };
  try {
    await checkReachable(http, target);
    server = samplerFor(target, log);
    server?.start();
    await sleep(pauses.idleMs, signal);

    enter("setup", `run ${run}: setting up ${scenario.sockets} users in groups of ${scenario.group_size}`);
    const api = new PatientApi(http, log, signal);
    const users = await populate(scenario, api, target.credential, run);

    enter("ramp", `opening ${scenario.sockets} sockets, ${scenario.connects_per_second} a second`);
    const context: RunContext = {
      socketUrl: socketUrl(target.baseUrl),
      recorder,
      ledger,
      frames: new FrameReader(run),
      sends,
      measureFrom: Number.POSITIVE_INFINITY,
    };
    sessions.push(...users.map((user) => new Session(user, context)));
    schedulePings(timetable, scenario, sessions, performance.now());
    await ramp(sessions, scenario.connects_per_second, recorder, signal);

    enter("connected", `${recorder.upgrades.succeeded} sockets are open`);
    await sleep(pauses.connectedMs, signal);
    if (api.rateLimited + recorder.upgrades.rateLimited > 0) {
      log("a limit was met on the way here; waiting until its window has passed");
      await sleep(pauses.limitWindowMs, signal);
    }

    if (signal.aborted) throw new LoadError("Stopped before the measured part: there is nothing to report.");

    enter("run", `measuring for ${scenario.seconds} s`);
    const measureFrom = performance.now();
    context.measureFrom = measureFrom;
    generator.start();
    machine.start();
    scheduleSends(timetable, scenario, sessions, sends, measureFrom);
    scheduleReads(timetable, scenario, sessions, reads, measureFrom);
    const progress = setInterval(() => log(progressLine(measureFrom, recorder, ledger)), PROGRESS_MS);
    await sleep(scenario.seconds * 1000, signal);
    clearInterval(progress);
    timetable.stop();
    generator.stop();
    machine.stop();
    const measuredSeconds = (performance.now() - measureFrom) / 1000;

    enter("drain", "waiting for what is still on its way");
    await drain(() => ledger.outstanding() || reads.outstanding || pingsOutstanding(recorder), pauses);
    sends.giveUp();
    reads.giveUp();
    return summarize({
      scenario,
      target,
      startedAt,
      measuredSeconds,
      interrupted: signal.aborted,
      recorder,
      deliveries: ledger.summary(),
      server: server?.summary() ?? null,
      generator: generator.summary(),
      machineBusyPercent: machine.busyPercent(),
    });
  } finally {
    timetable.stop();
    server?.stop();
    await closeAll(sessions);
    http.close();
  }
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

/** Where the target takes WebSockets. */
export function socketUrl(baseUrl: URL): URL {
  const url = new URL("/v1/ws", baseUrl);
  url.protocol = baseUrl.protocol === "https:" ? "wss:" : "ws:";
  return url;
}

function pingsOutstanding({ pings }: Recorder): boolean {
  return pings.answered < pings.sent;
}

/** Waits for what should come, then a little for what should not: a duplicate comes late. */
async function drain(outstanding: () => boolean, { drainMs, quietMs }: typeof PAUSES): Promise<void> {
  const until = performance.now() + drainMs;
  while (outstanding() && performance.now() < until) await sleep(50);
  await sleep(quietMs);
}

function progressLine(measureFrom: number, { sends, upgrades }: Recorder, ledger: DeliveryLedger): string {
  const seconds = Math.round((performance.now() - measureFrom) / 1000);
  const { seen, duplicates } = ledger.summary();
  return `${seconds} s: ${upgrades.succeeded} sockets opened, ${sends.acknowledged} messages acknowledged, ${sends.failed} failed, ${seen} deliveries, ${duplicates} duplicates`;
}

async function closeAll(sessions: readonly Session[]): Promise<void> {
  for (const session of sessions) session.close();
  const until = performance.now() + CLOSE_MS;
  while (sessions.some((session) => session.open) && performance.now() < until) await sleep(20);
}
