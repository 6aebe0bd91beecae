import net, { type AddressInfo } from "node:net";
import { decodeFromCompressedBase64 } from "hdr-histogram-js";
import { describe, expect, it } from "vitest";
import { findListener } from "../../../loadtest/measure/find-server.ts";
import { GeneratorSampler } from "../../../loadtest/measure/generator-sampler.ts";
import { LatencyHistogram, LatencySeries } from "../../../loadtest/measure/latency.ts";
import { median, percent } from "../../../loadtest/measure/numbers.ts";
import { Recorder } from "../../../loadtest/measure/recorder.ts";
import { readUsage, ServerSampler } from "../../../loadtest/measure/server-sampler.ts";

describe("LatencyHistogram", () => {
  it("tells percentiles within its three digits", () => {
    const histogram = new LatencyHistogram();
    for (let value = 1; value <= 1000; value++) histogram.record(value / 10);
    const summary = histogram.summary();
    expect(summary?.count).toBe(1000);
    expect(summary?.mean).toBeCloseTo(50.05, 1);
    expect(summary?.p50).toBeCloseTo(50, 1);
    expect(summary?.p95).toBeCloseTo(95, 1);
    expect(summary?.p99).toBeCloseTo(99, 1);
    expect(summary?.max).toBeCloseTo(100, 0);
  });

  it("is null without values, and takes very long and negative ones", () => {
    const histogram = new LatencyHistogram();
    expect(histogram.summary()).toBeNull();
    histogram.record(-1);
    histogram.record(3_600_000);
    expect(histogram.summary()?.count).toBe(2);
    expect(histogram.summary()?.max).toBeGreaterThan(3_590_000);
  });

  it("can be read back whole", () => {
    const histogram = new LatencyHistogram();
    histogram.record(12.5);
    expect(decodeFromCompressedBase64(histogram.encoded()).getValueAtPercentile(50)).toBe(12_503);
  });
});

describe("LatencySeries", () => {
  it("counts from the intended moment, and keeps the time from the start", () => {
    const series = new LatencySeries();
    series.record(1_000, 1_400, 1_410);
    const { from_intended, from_start } = series.summary();
    expect(from_intended?.p50).toBeCloseTo(410, 0);
    expect(from_start?.p50).toBeCloseTo(10, 1);
  });
});

describe("Recorder", () => {
  it("counts errors by operation and code with the first message as a sample", () => {
    const recorder = new Recorder();
    recorder.error("history", "TIMEOUT", "first");
    recorder.error("history", "TIMEOUT", "second");
    recorder.error("send_rest", "TIMEOUT", "third");
    expect(recorder.errors()).toEqual([
      { operation: "history", code: "TIMEOUT", count: 2, sample: "first" },
      { operation: "send_rest", code: "TIMEOUT", count: 1, sample: "third" },
    ]);
  });

  it("counts closes by code", () => {
    const recorder = new Recorder();
    for (const code of [1006, 4009, 1006]) recorder.closed(code, "");
    expect(recorder.closes()).toEqual([
      { code: 1006, reason: "", count: 2 },
      { code: 4009, reason: "", count: 1 },
    ]);
  });
});

describe("numbers", () => {
  it("knows medians and shares", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(percent(1, 3)).toBe(33.33);
    expect(percent(0, 0)).toBeNull();
  });
});

describe("GeneratorSampler", () => {
  it("sees a blocked event loop and a busy processor", async () => {
    const sampler = new GeneratorSampler();
    sampler.start();
    sampler.late(5);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const until = performance.now() + 150;
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 50));
    sampler.stop();
    const summary = sampler.summary();
    expect(summary.event_loop_lag_ms.max).toBeGreaterThan(100);
    expect(summary.cpu_percent).toBeGreaterThan(5);
    expect(summary.lateness_ms?.count).toBe(1);
  });
});

describe.runIf(process.platform === "linux")("the server's process", () => {
  it("is found by its port", async () => {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    expect(findListener(port)).toBe(process.pid);
    await new Promise((resolve) => server.close(resolve));
    expect(findListener(port)).toBeUndefined();
  });

  it("tells its memory and processor time", () => {
    const usage = readUsage(process.pid);
    const ownMb = process.memoryUsage.rss() / 1024 / 1024;
    expect(Math.abs((usage?.rssMb ?? 0) - ownMb)).toBeLessThan(ownMb * 0.2);
    const { user, system } = process.cpuUsage();
    expect(Math.abs((usage?.cpuSeconds ?? 0) - (user + system) / 1e6)).toBeLessThan(0.5);
    expect(readUsage(2 ** 22 + 1)).toBeUndefined();
  });

  it("is noticed when it ends", () => {
    const sampler = new ServerSampler(2 ** 22 + 1);
    sampler.start();
    sampler.stop();
    expect(sampler.summary()).toMatchObject({ ended_during_run: true, command: null, rss_mb: { peak: null } });
  });
});
