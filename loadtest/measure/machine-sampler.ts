import os from "node:os";
import { percent } from "./numbers.ts";

/**
 * How busy all cores of the machine were, whoever made them so: a run beside other work measures that work too, and
 * its figures say nothing against a run on a quiet machine.
 */
export class MachineSampler {
  #before = coreTimes();
  #after = this.#before;

  start(): void {
    this.#before = coreTimes();
  }

  stop(): void {
    this.#after = coreTimes();
  }

  /** Percent of all cores together. */
  busyPercent(): number | null {
    return percent(this.#after.busy - this.#before.busy, this.#after.total - this.#before.total);
  }
}

function coreTimes(): { busy: number; total: number } {
  let busy = 0;
  let total = 0;
  for (const { times } of os.cpus()) {
    const all = times.user + times.nice + times.sys + times.idle + times.irq;
    total += all;
    busy += all - times.idle;
  }
  return { busy, total };
}
