import { CpuMeter } from "../measure/cpu-meter.ts";
import { round } from "../measure/numbers.ts";
import type { Outcome, Step } from "../outcome-schema.ts";
import type { PlayOf } from "../play-schema.ts";
import type { Bench } from "../run/bench.ts";
import { sleep } from "../run/clock.ts";

type SendsStep = PlayOf<"sends">["steps"][number];

/** Pause after a send that failed: a closed loop over something broken would spin. */
const AFTER_FAILURE_MS = 20;
/** How long a step waits for its last answers. */
const PATIENCE_MS = 5_000;

/** Sends as fast as they are answered, with a fixed number in flight. */
export async function playSends(bench: Bench, { steps: wanted }: PlayOf<"sends">): Promise<Outcome> {
  await bench.populate();
  await bench.ramp();
  await bench.rest();
  const steps: Step[] = [];
  await bench.measure(async () => {
    const cpu = new CpuMeter(bench.server?.pid);
    const turns = { next: 0 };
    for (const step of wanted) {
      if (bench.signal.aborted) break;
      steps.push(await playStep(bench, step, turns, cpu));
      const last = steps.at(-1);
      bench.log(`${step.name}: ${last?.per_second} a second, p95 ${last?.latency.from_intended?.p95 ?? "-"} ms`);
    }
  });
  await bench.drain();
  return { steps };
}

async function playStep(bench: Bench, step: SendsStep, turns: { next: number }, cpu: CpuMeter): Promise<Step> {
  const { recorder, sessions, sends, scenario, signal } = bench;
  const before = { ...recorder.sends };
  const from = performance.now();
  const until = from + scenario.seconds * 1000;
  const section = recorder.beginSection(from);
  cpu.lap();
  const worker = async () => {
    while (performance.now() < until && !signal.aborted) {
      // The sender that has not sent for longest: each has a limit of its own.
      const session = sessions[turns.next++ % sessions.length];
      if (session === undefined) return;
      const failed = recorder.sends.failed;
      await new Promise<void>((settled) => {
        if (step.path === "socket") sends.overSocket(session, performance.now(), settled);
        else sends.overRest(session, performance.now(), settled);
      });
      if (recorder.sends.failed > failed) await sleep(AFTER_FAILURE_MS, signal);
    }
  };
  const done = new AbortController();
  const workers = Promise.all(Array.from({ length: step.in_flight }, worker));
  // A send that is never answered does not hold up the step for ever: the end of the run counts it.
  const patience = sleep(until - from + PATIENCE_MS, AbortSignal.any([signal, done.signal]));
  await Promise.race([workers, patience]);
  done.abort();
  const seconds = (performance.now() - from) / 1000;
  const load = cpu.lap();
  const completed = recorder.sends.acknowledged - before.acknowledged;
  return {
    name: step.name,
    wanted_per_second: null,
    in_flight: step.in_flight,
    seconds: round(seconds, 2),
    completed,
    failed: recorder.sends.failed - before.failed,
    per_second: round(completed / seconds, 1),
    latency: section.send.summary(),
    deliveries: null,
    generator_cpu_percent: load.generator,
    server_cpu_percent: load.server,
    good: null,
  };
}
