import { readEnvironment } from "../measure/environment.ts";
import { percent, round } from "../measure/numbers.ts";
import type { Recorder } from "../measure/recorder.ts";
import type { Outcome } from "../outcome-schema.ts";
import type { Scenario } from "../scenario.ts";
import {
  type DeliverySummary,
  type GeneratorSummary,
  type ServerSummary,
  type Summary,
  summarySchema,
} from "../summary.ts";
import type { LoadTarget } from "../target.ts";
import { findProblems } from "./problems.ts";
import { judgeTargets } from "./targets.ts";

/** Everything that a finished run knows. */
export interface RunResult {
  scenario: Scenario;
  target: LoadTarget;
  startedAt: Date;
  measuredSeconds: number;
  interrupted: boolean;
  recorder: Recorder;
  deliveries: DeliverySummary;
  server: ServerSummary | null;
  generator: GeneratorSummary;
  machineBusyPercent: number | null;
  outcome: Outcome;
}

/** Puts a run into the form in which it is kept. */
export function summarize(result: RunResult): Summary {
  const { scenario, target, recorder, deliveries, server } = result;
  const { upgrades, pings, sends, reads } = recorder;
  const messagesPerSecond = playsTimetable(scenario) ? scenario.senders / scenario.send_interval_seconds : 0;
  const perWorkspace = scenario.sockets / scenario.workspaces;
  const measured = {
    upgrades: {
      attempted: upgrades.attempted,
      succeeded: upgrades.succeeded,
      success_percent: percent(upgrades.succeeded, upgrades.attempted),
      rate_limited: upgrades.rateLimited,
      latency: recorder.upgrade.summary(),
      ready: recorder.ready.summary(),
    },
    pings: { ...pings, latency: recorder.ping.summary() },
    sends: {
      ...sends,
      latency: recorder.send.summary(),
      socket: recorder.sendSocket.summary(),
      rest: recorder.sendRest.summary(),
    },
    deliveries: { ...deliveries, latency: recorder.delivery.summary() },
    history: {
      attempted: reads.attempted,
      answered: reads.answered,
      full_pages: reads.fullPages,
      failed: reads.failed,
      latency: recorder.history.summary(),
    },
    closes: recorder.closes(),
    errors: recorder.errors(),
    server,
    outcome: result.outcome,
  };
  return summarySchema.parse({
    schema_version: 1,
    started_at: result.startedAt.toISOString(),
    finished_at: new Date().toISOString(),
    measured_seconds: round(result.measuredSeconds, 1),
    interrupted: result.interrupted,
    target: { base_url: target.baseUrl.origin, loopback: target.loopback },
    environment: readEnvironment(target.loopback),
    scenario,
    rates: {
      pings_per_second: round(scenario.sockets / scenario.ping_interval_seconds, 2),
      messages_per_second: round(messagesPerSecond, 2),
      deliveries_per_second: round(messagesPerSecond * Math.max(0, Math.min(scenario.group_size, perWorkspace) - 1), 2),
    },
    ...measured,
    generator: result.generator,
    machine_busy_percent: result.machineBusyPercent,
    targets: judgeTargets(scenario.targets, measured),
    problems: findProblems({ scenario, ...measured }),
  } satisfies Summary);
}

/** Steps and closed loops have rates of their own, which their outcome tells. */
function playsTimetable({ play }: Scenario): boolean {
  return play.kind !== "fanout" && play.kind !== "sends" && play.kind !== "history";
}
