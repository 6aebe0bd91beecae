import { describe, expect, it } from "vitest";
import {
  type BlockSelection,
  type KnownBlock,
  KnownBlocks,
} from "../../../durable-objects/hub/history/known-blocks.ts";

const block = (bytes: number, depends: string | undefined = ""): KnownBlock => ({
  through: 1,
  readAt: 0,
  depends,
  seqs: [],
  ends: [],
  own: "",
  texts: new ArrayBuffer(bytes),
});

const place = (row: number, channelId = "a") => ({ row, channelId });
const rows = (blocks: KnownBlocks, channelId = "a") =>
  Array.from({ length: 10 }, (_, row) => row).filter((row) => blocks.has(place(row, channelId)));

describe("what is known of blocks", () => {
  it("[HIST-13] is as much as there is room for, and what was used last stays", () => {
    const blocks = new KnownBlocks();
    for (let n = 0; n < 4; n++) blocks.put(place(n), block(2_999_000));
    expect(rows(blocks)).toEqual([0, 1, 2, 3]);
    expect(blocks.find(place(0))).toBeDefined();
    blocks.put(place(4), block(10_000));
    expect(rows(blocks)).toEqual([0, 2, 3, 4]);
    blocks.put(place(5), block(11_900_000));
    expect(rows(blocks)).toEqual([4, 5]);
    blocks.put(place(5), block(11_980_000));
    expect(rows(blocks)).toEqual([4, 5]);
    blocks.put(place(6), block(12_000_001));
    expect(rows(blocks)).toEqual([]);
  });

  it("[HIST-13] leaves room again once it is dropped", () => {
    const blocks = new KnownBlocks();
    for (let n = 0; n < 10; n++) {
      blocks.put(place(0), block(9_000_000));
      blocks.drop(0);
      blocks.put(place(1), block(9_000_000));
      blocks.dropAll({ from: place(0) });
    }
    for (let n = 0; n < 4; n++) blocks.put(place(n), block(2_999_000));
    expect(rows(blocks)).toEqual([0, 1, 2, 3]);
  });

  it("[HIST-8] is dropped by channel, by place in it and by what it depends on, also where that is not known", () => {
    const left = (selection: BlockSelection) => {
      const blocks = new KnownBlocks();
      for (const [row, depends] of ["ana budi", "cici", "ana budi", "cici", undefined].entries()) {
        blocks.put(place(row), { ...block(10), depends });
      }
      blocks.put(place(9, "b"), block(10, "ana"));
      blocks.dropAll(selection);
      return [rows(blocks), rows(blocks, "b")];
    };
    expect(left({ from: place(0) })).toEqual([[], [9]]);
    expect(left({ from: place(2) })).toEqual([[0, 1], [9]]);
    expect(left({ from: place(1), dependsOn: "budi" })).toEqual([[0, 1, 3], [9]]);
    expect(left({ dependsOn: "ana" })).toEqual([[1, 3], []]);
    expect(left({})).toEqual([[], []]);
  });

  it("[HIST-9] is of one channel where the ids of two end alike", () => {
    const blocks = new KnownBlocks();
    blocks.put(place(3), block(10));
    expect(blocks.find(place(3, "b"))).toBeUndefined();
    blocks.put(place(3, "b"), block(20));
    expect(blocks.find(place(3))).toBeUndefined();
    expect(blocks.find(place(3, "b"))?.texts?.byteLength).toBe(20);
  });
});
