import { describe, expect, it } from "vitest";
import { type HeldBlock, RecentBlocks } from "../../../durable-objects/hub/history/recent-blocks.ts";

const block = (bytes: number, depends = ""): HeldBlock => ({
  through: 1,
  readAt: 0,
  depends,
  places: "",
  own: "",
  texts: new ArrayBuffer(bytes),
});

/** The numbers of a channel's blocks that are there. */
const numbers = (blocks: RecentBlocks, channelId: string) =>
  Array.from({ length: 10 }, (_, number) => number).filter((number) => blocks.has(channelId, number));

describe("blocks in memory", () => {
  it("[HIST-13] are as many as there is room for, and what was used last stays", () => {
    const blocks = new RecentBlocks();
    for (let n = 0; n < 4; n++) blocks.put("a", n, block(1_000_000));
    expect(numbers(blocks, "a")).toEqual([0, 1, 2, 3]);
    expect(blocks.find("a", 0)).toBeDefined();
    blocks.put("a", 4, block(1));
    expect(numbers(blocks, "a")).toEqual([0, 2, 3, 4]);
    blocks.put("b", 0, block(3_500_000));
    expect(numbers(blocks, "a")).toEqual([4]);
    expect(numbers(blocks, "b")).toEqual([0]);
    blocks.put("b", 0, block(3_999_000));
    expect([numbers(blocks, "a"), numbers(blocks, "b")]).toEqual([[4], [0]]);
    blocks.put("c", 0, block(4_000_001));
    expect(["a", "b", "c"].flatMap((channelId) => numbers(blocks, channelId))).toEqual([]);
  });

  it("[HIST-13] leave room again once they are dropped", () => {
    const blocks = new RecentBlocks();
    for (let n = 0; n < 10; n++) {
      blocks.put("a", 0, block(3_000_000));
      blocks.drop("a", 0);
      blocks.put("a", 1, block(3_000_000));
      blocks.dropAll({ channel: { id: "a", from: 0 } });
    }
    for (let n = 0; n < 4; n++) blocks.put("a", n, block(1_000_000));
    expect(numbers(blocks, "a")).toEqual([0, 1, 2, 3]);
  });

  it("[HIST-8] are dropped by channel, by place in it and by what they depend on", () => {
    const filled = () => {
      const blocks = new RecentBlocks();
      for (let n = 0; n < 4; n++) blocks.put("a", n, block(10, n % 2 === 0 ? "ana budi" : "cici"));
      blocks.put("b", 0, block(10, "ana"));
      return blocks;
    };
    const left = (...selection: Parameters<RecentBlocks["dropAll"]>) => {
      const blocks = filled();
      blocks.dropAll(...selection);
      return [numbers(blocks, "a"), numbers(blocks, "b")];
    };
    expect(left({ channel: { id: "a", from: 0 } })).toEqual([[], [0]]);
    expect(left({ channel: { id: "a", from: 2 } })).toEqual([[0, 1], [0]]);
    expect(left({ channel: { id: "a", from: 1 }, dependsOn: "budi" })).toEqual([[0, 1, 3], [0]]);
    expect(left({ dependsOn: "ana" })).toEqual([[1, 3], []]);
    expect(left({})).toEqual([[], []]);
  });
});
