import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { UsageError } from "../../../loadtest/errors.ts";
import { mediansOf } from "../../../loadtest/peers/medians.ts";
import { readPeersOptions } from "../../../loadtest/peers/options.ts";
import { drawComparison } from "../../../loadtest/peers/picture.ts";
import { allPeers, peersOf, worksOf } from "../../../loadtest/peers/registry.ts";
import { comparisonSchema } from "../../../loadtest/peers/result-schema.ts";
import { compare, type Setting, turned } from "../../../loadtest/peers/rounds.ts";
import { formatComparison, ratioOf } from "../../../loadtest/peers/table.ts";
import { createFanout } from "../../../loadtest/peers/works/fanout.ts";
import { memory, stagesOf } from "../../../loadtest/peers/works/memory.ts";
import { sends } from "../../../loadtest/peers/works/sends.ts";
import type { Work } from "../../../loadtest/peers/works/work.ts";
import { writeComparison } from "../../../loadtest/peers/write.ts";
import { FakePeer } from "./fake-peer.ts";

const oneStep = createFanout(1);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kabar-peers-test-"));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

function setting(rounds: number, signal = new AbortController().signal): Setting {
  return { rounds, members: 5, seconds: 0.2, messages: 1_000, sockets: 5, signal, log: () => {} };
}

/** A work whose figure is the next of a list. */
function scripted(values: number[]): Work {
  return {
    name: "fanout",
    seconds: 1,
    describe: () => "scripted",
    columns: () => [{ figure: "deliveries_per_second", title: "deliveries/s", better: "more", main: true }],
    play: async () => ({ figures: { deliveries_per_second: values.shift() ?? null }, steps: [], problems: [] }),
  };
}

describe("a comparison", () => {
  it("[PEER-6] lets servers take turns, one at a time, each in an empty folder of its own that is removed", async () => {
    const diary: string[] = [];
    const peers = ["a", "b", "c"].map((name) => new FakePeer(name, diary));
    const comparison = await compare(scripted([1, 2, 3, 4, 5, 6]), peers, setting(2));
    expect(diary.map((line) => line.split(" in ")[0])).toEqual(
      ["a", "b", "c", "b", "c", "a"].flatMap((name) => [`${name} starts`, `${name} ends`]),
    );
    const folders = diary.flatMap((line) => line.split(" in ")[1] ?? []);
    expect(new Set(folders).size).toBe(6);
    expect(folders.some((one) => fs.existsSync(one))).toBe(false);
    expect(comparison.peers.map(({ rounds }) => rounds.map(({ turn }) => turn))).toEqual([
      [0, 5],
      [1, 3],
      [2, 4],
    ]);
    expect(turned([], 1)).toEqual([]);
  });

  it("[PEER-7] tells the median and every round of it", async () => {
    const comparison = await compare(scripted([10, 30, 20]), [new FakePeer("a")], setting(3));
    const [peer] = comparison.peers;
    expect(peer?.median).toEqual({ deliveries_per_second: 20 });
    expect(peer?.rounds.map(({ figures }) => figures.deliveries_per_second)).toEqual([10, 30, 20]);
    expect(mediansOf([{ a: 1, b: null }, { a: 3 }])).toEqual({ a: 2, b: null });
  });

  it("[PEER-8] lists what is not installed with how to install it, and what has no part in a work with why", async () => {
    const peers = [new FakePeer("here"), new FakePeer("away", [], { missing: "apt-get install away" })];
    const comparison = await compare(sends, peers, setting(1));
    const table = formatComparison(comparison, sends);
    expect(table).toContain("away: not played: apt-get install away");
    expect(table).toContain("here: not played: does not answer that a message is stored");
  });

  it("[PEER-5] goes on where one server fails, and says so", async () => {
    const peers = [new FakePeer("good"), new FakePeer("bad", [], { broken: "no luck" })];
    const comparison = await compare(oneStep, peers, setting(1));
    expect(comparison.peers[0]?.rounds[0]?.problems).toEqual([]);
    expect(comparison.peers[1]?.rounds[0]?.problems[0]).toContain("no luck");
    expect(formatComparison(comparison, oneStep)).toContain("PROBLEM bad, round 1: Error: no luck");
  });

  it("has no figure of a turn that was cut short", async () => {
    const stop = new AbortController();
    const play = async () => {
      stop.abort();
      return "never";
    };
    const work = { ...scripted([1]), play };
    const comparison = await compare(work, [new FakePeer("a"), new FakePeer("b")], setting(1, stop.signal));
    expect(comparison.interrupted).toBe(true);
    expect(comparison.peers.map(({ rounds, absent }) => [rounds.length, absent])).toEqual([
      [0, null],
      [0, null],
    ]);
  });
});

describe("the fan-out of a comparison", () => {
  it("[PEER-2] counts several messages in one piece, each once for each other member", async () => {
    const comparison = await compare(oneStep, [new FakePeer("batching", [], { together: 2 })], setting(1));
    const [step] = comparison.peers[0]?.rounds[0]?.steps ?? [];
    expect(step?.figures).toMatchObject({ missing: 0 });
    // The first of the two waited for the second: counted from the moment that it was due, it was on its way for long.
    expect(step?.figures.p95_ms).toBeGreaterThan(90);
    // 2 messages in 0.2 s to 4 others each, as near as the clock of a busy machine allows.
    expect(step?.figures.deliveries_per_second).toBeGreaterThan(10);
    expect(step?.figures.deliveries_per_second).toBeLessThanOrEqual(40);
  });

  it("[PEER-3] tells what came twice, and has no good step where something is missing", async () => {
    const doubling = new FakePeer("doubling", [], { copies: (message) => (message === 0 ? 2 : 1) });
    const stop = new AbortController();
    const losing = new FakePeer("losing", [], { copies: (_, member) => (member === 1 ? 0 : 1) });
    const doubled = await compare(oneStep, [doubling], setting(1));
    expect(doubled.peers[0]?.rounds[0]?.problems).toEqual(["4 deliveries came twice"]);
    setTimeout(() => stop.abort(), 500);
    const steps: string[] = [];
    await compare(oneStep, [losing], { ...setting(1, stop.signal), log: (line) => steps.push(line) });
    expect(steps.join("\n")).toMatch(/1 missing.*too much/);
  });
});

describe("the result", () => {
  it("[PEER-7] turns ratios so that more than 1 is better", () => {
    expect(ratioOf(20, 10, "more")).toBe(2);
    expect(ratioOf(20, 10, "less")).toBe(0.5);
    expect(ratioOf(null, 10, "more")).toBeUndefined();
    expect(ratioOf(1, 0, "more")).toBeUndefined();
  });

  it("[PEER-7] is a table with ratios to the limit line and to Kabar, a JSON that keeps to its schema, and bars", async () => {
    const peers = ["bare", "kabar", "ws"].map((name) => new FakePeer(name));
    const work = scripted([20_000, 30_000, 60_000]);
    const comparison = await compare(work, peers, setting(1));
    const table = formatComparison(comparison, work);
    expect(table).toMatch(/^ws +60,000$/m);
    expect(table).toMatch(/^ws +60,000–60,000 +3\.00 +2\.00$/m);
    const [json = "", svg = ""] = writeComparison(comparison, work, folder);
    expect(path.basename(json)).toMatch(/^peers-fanout-\d{4}-\d\d-\d\d-\d{6}\.json$/);
    expect(comparisonSchema.parse(JSON.parse(fs.readFileSync(json, "utf8")))).toEqual(comparison);
    const picture = fs.readFileSync(svg, "utf8");
    // The highest on top.
    expect(picture.indexOf(">ws<")).toBeLessThan(picture.indexOf(">kabar<"));
    expect(picture.indexOf(">kabar<")).toBeLessThan(picture.indexOf(">bare<"));
    expect(picture.match(/<rect [^>]*height="20"/g)).toHaveLength(3);
  });

  it("has no picture where nobody has a figure", async () => {
    const work = scripted([]);
    expect(drawComparison(await compare(work, [new FakePeer("a")], setting(1)), work)).toBeUndefined();
  });

  it("compares with the storing object where only that has part", async () => {
    const work = scripted([100, 200]);
    const peers = [new FakePeer("bare-durable"), new FakePeer("kabar")];
    expect(formatComparison(await compare(work, peers, setting(1)), work)).toContain("× bare-durable");
  });
});

describe("the command line", () => {
  it("[PEER-8] knows its servers and works by name, and refuses other names", () => {
    expect(peersOf([]).map(({ name }) => name)).toEqual(allPeers().map(({ name }) => name));
    expect(peersOf(["ws", "bare"]).map(({ name }) => name)).toEqual(["bare", "ws"]);
    expect(worksOf(["history", "fanout"]).map(({ name }) => name)).toEqual(["history", "fanout"]);
    expect(() => peersOf(["nats"])).toThrow(UsageError);
    expect(() => worksOf(["nothing"])).toThrow("There is no work");
  });

  it("reads its options within their bounds", () => {
    expect(readPeersOptions([])).toMatchObject({ work: ["fanout"], only: [], rounds: 3, members: 1_000 });
    expect(readPeersOptions(["--work", "fanout, sends", "--only=bare", "--seconds", "2"])).toMatchObject({
      work: ["fanout", "sends"],
      only: ["bare"],
      seconds: 2,
    });
    expect(readPeersOptions(["-h"])).toBeUndefined();
    for (const wrong of [["--rounds", "0"], ["--members", "1"], ["--nothing"], ["--seconds", "x"], ["--work", ""]]) {
      expect(() => readPeersOptions(wrong)).toThrow(UsageError);
    }
  });

  it("has memory's last stage where it was asked for", () => {
    expect(stagesOf({ sockets: 9_900 })).toEqual([0, 500, 1_000, 5_000, 9_900]);
    expect(stagesOf({ sockets: 60 })).toEqual([0, 60]);
    expect(
      memory.columns({ members: 2, seconds: 1, messages: 1, sockets: 60 }).filter(({ main }) => main),
    ).toHaveLength(1);
  });
});
