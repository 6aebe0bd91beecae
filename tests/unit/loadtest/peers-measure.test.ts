import { describe, expect, it } from "vitest";
import { DeliveryCounter, Tally } from "../../../loadtest/peers/measure/delivery-counter.ts";
import { LoadMeter } from "../../../loadtest/peers/measure/load-meter.ts";
import { RateSearch } from "../../../loadtest/peers/measure/rate-search.ts";
import { Answers } from "../../../loadtest/peers/server/answers.ts";
import { descendants } from "../../../loadtest/peers/server/process-tree.ts";
import { markedContent } from "../../../loadtest/run/message-mark.ts";

const RUN = "0a1b2c3d";
const content = (number: number) => markedContent(RUN, number, 120);

describe("deliveries", () => {
  it("[PEER-1] count once for each message and other member, whatever is around the mark", () => {
    const counter = new DeliveryCounter(RUN);
    const audience = counter.audience(40);
    const tally = new Tally();
    const number = counter.begin(tally, audience, 3, 100);
    expect(tally).toMatchObject({ messages: 1, expected: 39, missing: 39 });
    const frames = [
      content(number),
      `<message><body>${content(number)}</body></message>`,
      `{"x":"${content(number)}"}`,
    ];
    for (let member = 0; member < 40; member++) {
      audience.heard(member, Buffer.from(frames[member % 3] ?? ""), 107);
    }
    expect(tally).toMatchObject({ seen: 39, missing: 0 });
    expect(counter).toMatchObject({ duplicates: 0, misdelivered: 0 });
    expect(tally.latency.summary()).toMatchObject({ count: 39, p50: 7 });
  });

  it("[PEER-2] count each where several come in one piece, to the part of the run that each was sent in", () => {
    const counter = new DeliveryCounter(RUN);
    const audience = counter.audience(2);
    const [first, second] = [new Tally(), new Tally()];
    const numbers = [counter.begin(first, audience, 0, 0), counter.begin(second, audience, 0, 50)];
    for (let more = 0; more < 10; more++) numbers.push(counter.begin(second, audience, 0, 50));
    audience.heard(1, Buffer.from(JSON.stringify(numbers.map(content))), 60);
    expect([first.seen, second.seen]).toEqual([1, 11]);
    expect(first.latency.summary()?.max).toBe(60);
    expect(second.latency.summary()?.max).toBe(10);
  });

  it("[PEER-3] that come twice, at somebody else's or never are told", () => {
    const counter = new DeliveryCounter(RUN);
    const [ours, others] = [counter.audience(3), counter.audience(3)];
    const tally = new Tally();
    const bytes = Buffer.from(content(counter.begin(tally, ours, 0, 0)));
    ours.heard(1, bytes, 1);
    ours.heard(1, bytes, 2);
    others.heard(2, bytes, 2);
    ours.heard(2, Buffer.from(content(99)), 2);
    ours.heard(0, bytes, 2);
    expect(counter).toMatchObject({ duplicates: 1, misdelivered: 2 });
    expect(tally).toMatchObject({ seen: 1, missing: 1 });
  });

  it("[PEER-1] of another run, and what is no message, count for nothing", () => {
    const counter = new DeliveryCounter(RUN);
    const audience = counter.audience(2);
    const tally = new Tally();
    counter.begin(tally, audience, 0, 0);
    audience.heard(1, Buffer.from(markedContent("ffffffff", 0, 120)), 1);
    audience.heard(1, Buffer.from('{"type":"pong"}'), 1);
    expect(tally.seen).toBe(0);
    expect(counter.misdelivered).toBe(0);
  });
});

describe("the search for the highest rate", () => {
  /** Rates that are played where everything up to a limit is good. */
  function played(limit: number, first = 10): { rates: number[]; best: number | undefined } {
    const search = new RateSearch(first, 40);
    const rates: number[] = [];
    for (let rate = search.next; rate !== undefined; rate = search.next) {
      rates.push(rate);
      search.report(rate <= limit);
    }
    return { rates: rates.map((rate) => Number(rate.toFixed(1))), best: search.best };
  }

  it("[PEER-4] doubles the rate until a step is bad twice, and then halves the way to it until a tenth is left", () => {
    expect(played(59).rates).toEqual([10, 20, 40, 80, 80, 56.6, 67.3, 67.3, 61.7, 61.7]);
    expect(played(59).best).toBeCloseTo(56.6, 1);
    expect(played(62).best).toBeCloseTo(61.7, 1);
  });

  it("[PEER-4] goes down where the first step is bad already", () => {
    expect(played(3).rates).toEqual([10, 10, 5, 5, 2.5, 3.5, 3.5, 3, 3.2, 3.2]);
  });

  it("[PEER-4] plays a bad step again before it counts, and a stall does not end it", () => {
    const search = new RateSearch(10, 40);
    for (const good of [true, false, true]) search.report(good);
    expect(search.next).toBe(40);
    expect(search.best).toBe(20);
  });

  it("ends after its number of steps", () => {
    const search = new RateSearch(10, 3);
    for (let step = 0; step < 3; step++) search.report(true);
    expect(search.next).toBeUndefined();
    expect(played(0)).toEqual({ rates: [10, 10, 5, 5, 2.5, 2.5, 1.3, 1.3, 0.6, 0.6], best: undefined });
  });
});

describe("answers", () => {
  it("are settled by number or in order, and refused when the connection ends", async () => {
    const answers = new Answers<string>();
    const [first, second, third] = [answers.ask(), answers.ask(), answers.ask()];
    answers.settle(second.number, "b");
    answers.settleOldest("a");
    answers.settle(77, "nobody asked");
    expect(await Promise.all([first.answer, second.answer])).toEqual(["a", "b"]);
    answers.end(new Error("closed"));
    await expect(third.answer).rejects.toThrow("closed");
    await expect(answers.ask().answer).rejects.toThrow("closed");
  });
});

describe.runIf(process.platform === "linux")("processes", () => {
  it("[PEER-9] sums the processor time of all of a server's processes, and the generator's apart", () => {
    const meter = new LoadMeter({ pids: [process.pid] });
    const until = performance.now() + 150;
    while (performance.now() < until);
    const load = meter.lap();
    expect(load.server).toBeGreaterThan(10);
    expect(load.generator).toBeGreaterThan(10);
    expect(new LoadMeter({ pids: [] }).lap().server).toBeNull();
    expect(descendants(process.ppid)).toContain(process.pid);
  });
});
