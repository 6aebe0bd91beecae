import { describe, expect, it } from "vitest";
import { ReadAhead } from "../../../durable-objects/hub/history/read-ahead.ts";

const BLOCK_BYTES = 40_000;

/** Reads of channel "a", each of which finds all the blocks that it asks for. */
function reading(blockBytes = BLOCK_BYTES) {
  const ahead = new ReadAhead();
  return {
    ahead,
    read(now: number): number {
      const blocks = ahead.blocksFor("a", now);
      ahead.ended("a", blocks, new Array<number>(blocks).fill(blockBytes), now);
      return blocks;
    },
  };
}

describe("how many blocks are copied at once", () => {
  it("[HIST-14] four, and twice as many each time that the next miss follows, up to sixteen", () => {
    const { ahead, read } = reading();
    expect([0, 1_000, 2_000, 2_000].map(read)).toEqual([4, 8, 16, 16]);
    expect(ahead.blocksFor("b", 2_000)).toBe(4);
  });

  it("[HIST-14] four again after a second without a miss", () => {
    const { read } = reading();
    expect([0, 1_001, 1_500, 2_501].map(read)).toEqual([4, 4, 8, 4]);
  });

  it("[HIST-14] no more of long messages than a megabyte, and never less than four", () => {
    expect([0, 0, 0].map(reading(100_000).read)).toEqual([4, 8, 10]);
    expect([0, 0, 0].map(reading(400_000).read)).toEqual([4, 4, 4]);
  });

  it("[HIST-14] a read that finds less than it asks for counts as what it asked for", () => {
    const { ahead } = reading();
    ahead.ended("a", 8, [BLOCK_BYTES], 0);
    expect(ahead.blocksFor("a", 0)).toBe(16);
    ahead.ended("a", 4, [], 0);
    expect(ahead.blocksFor("a", 0)).toBe(8);
  });

  it("[HIST-14] many channels are not remembered for ever", () => {
    const { ahead } = reading();
    for (let n = 0; n <= 1_000; n++) ahead.ended(`channel ${n}`, 4, [], 0);
    expect([0, 999, 1_000].map((n) => ahead.blocksFor(`channel ${n}`, 0))).toEqual([4, 4, 8]);
  });
});
