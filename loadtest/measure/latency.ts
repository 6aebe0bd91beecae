import { build, encodeIntoCompressedBase64 } from "hdr-histogram-js";
import type { Distribution, LatencySummary } from "../distribution-schema.ts";

type Histogram = ReturnType<typeof build>;

/** Milliseconds in an HDR histogram of microseconds with three significant digits. */
export class LatencyHistogram {
  readonly #histogram: Histogram = build({
    bitBucketSize: 32,
    autoResize: true,
    lowestDiscernibleValue: 1,
    highestTrackableValue: 120_000_000,
    numberOfSignificantValueDigits: 3,
  });

  record(milliseconds: number): void {
    this.#histogram.recordValue(Math.max(0, Math.round(milliseconds * 1000)));
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  /** Null where nothing was recorded. */
  summary(): Distribution | null {
    const histogram = this.#histogram;
    if (histogram.totalCount === 0) return null;
    // A percentile is told as the upper end of its bucket, which may lie above the highest value.
    const at = (percentile: number) => Math.min(histogram.getValueAtPercentile(percentile), histogram.maxValue) / 1000;
    return {
      count: histogram.totalCount,
      mean: Number((histogram.mean / 1000).toFixed(3)),
      p50: at(50),
      p95: at(95),
      p99: at(99),
      p99_9: at(99.9),
      max: histogram.maxValue / 1000,
    };
  }

  /** All of it, for later merging and drawing. */
  encoded(): string {
    return encodeIntoCompressedBase64(this.#histogram);
  }
}

/**
 * Latency of operations that follow a timetable. What counts is the time from the intended moment: a generator that
 * was held up would otherwise leave out exactly the slow moments ("coordinated omission"). The time from the actual
 * start is kept beside it.
 */
export class LatencySeries {
  readonly #fromIntended = new LatencyHistogram();
  readonly #fromStart = new LatencyHistogram();

  /** All three on the clock of `performance.now()`. */
  record(intendedAt: number, startedAt: number, finishedAt: number): void {
    this.#fromIntended.record(finishedAt - intendedAt);
    this.#fromStart.record(finishedAt - startedAt);
  }

  summary(): LatencySummary {
    return {
      from_intended: this.#fromIntended.summary(),
      from_start: this.#fromStart.summary(),
      hdr: this.#fromIntended.count === 0 ? null : this.#fromIntended.encoded(),
    };
  }
}
