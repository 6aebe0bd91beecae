import type { Summary } from "../summary.ts";

type Counts = Pick<
  Summary,
  "scenario" | "upgrades" | "pings" | "sends" | "deliveries" | "history" | "closes" | "errors" | "server" | "outcome"
>;

/** What makes a run a failed one, each as a short text. Missed latency targets are none: they are a result. */
export function findProblems({
  scenario,
  upgrades,
  pings,
  sends,
  deliveries,
  history,
  closes,
  errors,
  server,
  outcome,
}: Counts): string[] {
  const closed = closes.reduce((sum, close) => sum + close.count, 0);
  const invalid = errors.filter(({ operation }) => operation === "frame").reduce((sum, error) => sum + error.count, 0);
  const counts: [number, string][] = [
    [upgrades.attempted - upgrades.succeeded, "failed upgrades"],
    [closed, "sockets closed by the other side"],
    [sends.failed, "failed sends"],
    [deliveries.dropped, "dropped deliveries"],
    [deliveries.duplicates, "duplicate deliveries"],
    [deliveries.misdelivered, "messages at someone who is not a member"],
    [deliveries.out_of_order, "messages out of order"],
    [deliveries.number_conflicts, "messages with two numbers"],
    [deliveries.seq_holes, "holes in the numbers of a channel"],
    [history.failed, "failed history reads"],
    [pings.sent - pings.answered, "pings without an answer"],
    [invalid, "unexpected or invalid frames"],
    [outcome.storm?.lost ?? 0, "sockets that did not come back"],
    [outcome.storm?.resynced ?? 0, "sockets that were told to read history instead of being resumed"],
  ];
  const problems = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  const { kind } = scenario.play;
  if (kind === "fanout" && outcome.best_deliveries_per_second === null)
    problems.push("no step of the fan-out was good");
  if (kind === "history" && history.answered === 0) problems.push("no page was read");
  if (scenario.senders > 0 && sends.attempted === 0) problems.push("no message was sent: the run was too short");
  if (scenario.sockets > 0 && upgrades.attempted === 0) problems.push("no socket was opened");
  if (server?.ended_during_run === true) problems.push("the server's process ended during the run");
  return problems;
}
