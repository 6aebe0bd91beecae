import { describe, expect, it } from "vitest";
import { bytesPerSocket, type HeapStage, judge, type MeasuredServer } from "../../../loadtest/heap/result.ts";
import { type HeapNode, readSnapshot } from "../../../loadtest/heap/snapshot.ts";
import { growth, tally } from "../../../loadtest/heap/tally.ts";

const MB = 1024 * 1024;

function stage(name: HeapStage["name"], sockets: number, bytes: number, rss: number | null = 100): HeapStage {
  return { name, sockets, js_bytes: bytes, embedder_bytes: 0, buffer_bytes: 0, process_rss_mb: rss };
}

function server(stages: HeapStage[]): MeasuredServer {
  return { setup: "", stages, kinds: [] };
}

/** A snapshot of: root → Connection → its string `id`; root → a Map that only a weak edge leads to. */
function snapshotText(): string {
  const meta = {
    node_fields: ["type", "name", "self_size", "edge_count"],
    node_types: [["object", "string"]],
    edge_fields: ["type", "name_or_index", "to_node"],
    edge_types: [["property", "weak"]],
  };
  const strings = ["root", "Connection", "text", "Map", "connection", "id", "gone"];
  const nodes = [0, 0, 0, 2, 0, 1, 44, 1, 1, 2, 48, 0, 0, 3, 16, 0];
  const edges = [0, 4, 4, 1, 6, 12, 0, 5, 8];
  return JSON.stringify({ snapshot: { meta }, nodes, edges, strings });
}

describe("heap by socket", () => {
  it("[HEAP-1] counts what each further socket adds, not what the first ones bring once", () => {
    const stages = [stage("idle", 0, 0), stage("prepared", 0, 1_000), stage("connected", 10, 9_000)];
    expect(bytesPerSocket(stages)).toBe(800);
    expect(bytesPerSocket([...stages, stage("connected", 110, 19_000), stage("asleep", 110, 0)])).toBe(100);
    expect(bytesPerSocket([stage("idle", 0, 5)])).toBe(0);
  });

  it("[HEAP-1] judges Kabar's figures less the bare object's", () => {
    const bare = server([stage("idle", 0, MB, 100), stage("connected", 10, 0), stage("connected", 20, 100)]);
    const kabar = server([stage("idle", 0, 9 * MB, 170), stage("connected", 10, 0), stage("connected", 20, 20_100)]);
    const { over_bare: over, targets } = judge(bare, kabar);
    expect(over).toEqual({ idle_js_mb: 8, idle_process_rss_mb: 70, js_bytes_per_socket: 2_000 });
    expect(targets.map(({ met }) => met)).toEqual([false, true]);
    const blind = server([stage("idle", 0, 9 * MB, null)]);
    expect(judge(bare, blind).targets[0]?.met).toBeNull();
  });

  it("[HEAP-2] reads what is alive out of a snapshot, each object once, with who keeps it", () => {
    const nodes = readSnapshot(snapshotText());
    expect(nodes.map(({ name, bytes }) => [name, bytes])).toEqual([
      ["root", 0],
      ["Connection", 44],
      ["text", 48],
    ]);
    expect(nodes[2]?.parent?.name).toBe("Connection");
    expect([...tally(nodes).keys()]).toContain("string of Connection.id");
  });

  it("[HEAP-2] tells what there is more of, most bytes first", () => {
    const root: HeapNode = { type: "object", name: "Hub", bytes: 0, parent: undefined, property: undefined };
    const many = (name: string, count: number, bytes: number): HeapNode[] =>
      Array.from({ length: count }, () => ({ type: "object", name, bytes, parent: root, property: "all" }));
    const before = tally([...many("A", 2, 10), ...many("B", 5, 10)]);
    const after = tally([...many("A", 4, 10), ...many("B", 5, 10), ...many("Set", 3, 100)]);
    expect(growth(before, after)).toEqual([
      { kind: "Set of Hub.all", count: 3, bytes: 300 },
      { kind: "A", count: 2, bytes: 20 },
    ]);
  });
});
