import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { randomOffsets, seededRandom } from "../../../loadtest/run/random.ts";
import { Timetable } from "../../../loadtest/run/timetable.ts";
import { isSocketSender } from "../../../loadtest/run/traffic.ts";

describe("Timetable", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("fires each item once a period, in the order of its moments", () => {
    const fired: [number, number][] = [];
    const timetable = new Timetable();
    const start = performance.now();
    timetable.repeat(start, 100, [50, 10], (index, dueAt) => fired.push([index, dueAt - start]));
    vi.advanceTimersByTime(205);
    expect(fired).toEqual([
      [1, 10],
      [0, 50],
      [1, 110],
      [0, 150],
    ]);
  });

  it("keeps several rounds apart, and stops", () => {
    const fired: string[] = [];
    const timetable = new Timetable();
    timetable.repeat(performance.now(), 100, [30], () => fired.push("a"));
    timetable.repeat(performance.now(), 50, [20], () => fired.push("b"));
    vi.advanceTimersByTime(100);
    expect(fired).toEqual(["b", "a", "b"]);
    timetable.stop();
    vi.advanceTimersByTime(1_000);
    expect(fired.length).toBe(3);
  });
});

describe("a timetable that was held up", () => {
  it("makes up for everything, with the moments that were intended", async () => {
    const late: number[] = [];
    const due: number[] = [];
    const timetable = new Timetable((milliseconds) => late.push(milliseconds));
    const start = performance.now();
    timetable.repeat(start, 20, [0], (_, dueAt) => due.push(Math.round(dueAt - start)));
    while (performance.now() < start + 110);
    await new Promise((resolve) => setTimeout(resolve, 5));
    timetable.stop();
    expect(due.slice(0, 6)).toEqual([0, 20, 40, 60, 80, 100]);
    expect(late[0]).toBeGreaterThan(100);
  });
});

describe("the moments", () => {
  it("are the same for the same seed and within the period", () => {
    const first = randomOffsets(100, 1_000, seededRandom(7));
    expect(first).toEqual(randomOffsets(100, 1_000, seededRandom(7)));
    expect(first).not.toEqual(randomOffsets(100, 1_000, seededRandom(8)));
    expect(Math.min(...first)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...first)).toBeLessThan(1_000);
    expect(new Set(first).size).toBe(100);
  });

  it("spread the ways of sending evenly", () => {
    const ways = Array.from({ length: 100 }, (_, index) => isSocketSender(index, 0.5));
    expect(ways.filter(Boolean).length).toBe(50);
    expect(ways.slice(0, 10).filter(Boolean).length).toBe(5);
    expect(isSocketSender(3, 0)).toBe(false);
    expect(isSocketSender(3, 1)).toBe(true);
  });
});
