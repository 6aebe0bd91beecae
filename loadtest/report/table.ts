import type { LatencySummary } from "../distribution-schema.ts";
import type { Summary } from "../summary.ts";
import { outcomeLines } from "./outcome-lines.ts";
import { row } from "./row.ts";

/** A short table of a run for the terminal. */
export function formatTable(summary: Summary): string {
  return [
    ...headLines(summary),
    "",
    row(["", "count", "p50 ms", "p95 ms", "p99 ms", "max ms"]),
    latencyRow("upgrade", summary.upgrades.latency),
    latencyRow("ping", summary.pings.latency),
    latencyRow("send, all", summary.sends.latency),
    latencyRow("  over socket", summary.sends.socket),
    latencyRow("  over REST", summary.sends.rest),
    latencyRow("delivery", summary.deliveries.latency),
    latencyRow("history", summary.history.latency),
    ...outcomeLines(summary.outcome),
    "",
    ...loadLines(summary),
    "",
    ...summary.targets.map(({ name, wanted, measured, met }) => {
      const verdict = met === null ? "not measured" : met ? "met" : "MISSED";
      return `target  ${name.padEnd(28)}${wanted.padEnd(14)}${(measured ?? "-").toString().padEnd(10)}${verdict}`;
    }),
    "",
    ...verdictLines(summary),
  ].join("\n");
}

function headLines({ scenario, target, environment, measured_seconds, interrupted }: Summary): string[] {
  const stopped = interrupted ? " (stopped by hand)" : "";
  return [
    `${scenario.name} against ${target.base_url}: ${scenario.sockets} sockets${scenario.batch ? " with batches" : ""}, ${scenario.senders} senders, ${measured_seconds} s${stopped}`,
    `${environment.cpu_model}, ${environment.cores} cores, kernel ${environment.kernel}, node ${environment.node}, workerd ${environment.workerd ?? "?"}, commit ${environment.commit ?? "?"}`,
  ];
}

function loadLines({ upgrades, deliveries, server, generator, history, ...summary }: Summary): string[] {
  const lag = generator.event_loop_lag_ms;
  const lines = [
    `upgrades ${upgrades.succeeded}/${upgrades.attempted}; deliveries ${deliveries.seen}/${deliveries.expected}, ${deliveries.duplicates} duplicates, ${deliveries.seq_holes} holes; full pages ${history.full_pages}/${history.answered}`,
    `generator: ${generator.cpu_percent} % of a core, event loop lag p99 ${lag.p99 ?? "-"} ms, started late p99 ${generator.lateness_ms?.p99 ?? "-"} ms; all cores ${summary.machine_busy_percent ?? "-"} % busy`,
  ];
  if (server !== null) {
    const { rss_mb: rss, cpu_percent: cpu } = server;
    lines.push(
      row(["server", "idle", "connected", "median", "peak"]),
      row(["  memory MB", rss.idle, rss.connected, rss.median, rss.peak]),
      row(["  CPU % of a core", cpu.idle, cpu.connected, cpu.median, cpu.peak]),
    );
  }
  return lines;
}

function verdictLines({ problems, errors, closes, upgrades }: Summary): string[] {
  const lines =
    problems.length === 0 ? ["clean: nothing dropped, doubled or refused"] : problems.map((text) => `PROBLEM ${text}`);
  if (upgrades.rate_limited > 0)
    lines.push(`note: ${upgrades.rate_limited} upgrades were put off by a limit and came back`);
  for (const { operation, code, count, sample } of errors)
    lines.push(`error   ${operation} ${code} × ${count}: ${sample}`);
  for (const { code, reason, count } of closes) lines.push(`closed  ${code} ${reason} × ${count}`);
  return lines;
}

function latencyRow(name: string, { from_intended: figures }: LatencySummary): string {
  if (figures === null) return row([name, 0, "-", "-", "-", "-"]);
  return row([name, figures.count, figures.p50, figures.p95, figures.p99, figures.max]);
}
