import { z } from "zod";

/** The parts of V8's heap snapshot that are read: flat arrays, described by `meta`. */
const snapshotSchema = z.object({
  snapshot: z.object({
    meta: z.object({
      node_fields: z.array(z.string()),
      node_types: z.tuple([z.array(z.string())]).rest(z.unknown()),
      edge_fields: z.array(z.string()),
      edge_types: z.tuple([z.array(z.string())]).rest(z.unknown()),
    }),
  }),
  // Checked by their use: there are millions of numbers.
  nodes: z.custom<number[]>(Array.isArray),
  edges: z.custom<number[]>(Array.isArray),
  strings: z.custom<string[]>(Array.isArray),
});

/** One object of the heap, and how it was first reached from the roots. */
export interface HeapNode {
  type: string;
  name: string;
  bytes: number;
  parent: HeapNode | undefined;
  /** Name of the edge from the parent; undefined for elements and for what the engine keeps internally. */
  property: string | undefined;
}

/** Types of edges that do not keep their target alive. */
const NOT_KEEPING = new Set(["weak"]);
const NAMED = new Set(["property", "context"]);

/** Reads a heap snapshot: every object that is reachable, each once, along the shortest way to it. */
export function readSnapshot(text: string): HeapNode[] {
  const { snapshot, nodes, edges, strings } = snapshotSchema.parse(JSON.parse(text));
  const { meta } = snapshot;
  const node = fieldsOf(meta.node_fields, ["type", "name", "self_size", "edge_count"]);
  const edge = fieldsOf(meta.edge_fields, ["type", "name_or_index", "to_node"]);
  const count = nodes.length / node.width;
  const firstEdge = new Uint32Array(count + 1);
  for (let index = 0; index < count; index++) {
    firstEdge[index + 1] = (firstEdge[index] ?? 0) + (nodes[index * node.width + node.at("edge_count")] ?? 0);
  }
  const seen = new Uint8Array(count);
  const read = (index: number, parent?: HeapNode, property?: string): HeapNode => ({
    type: meta.node_types[0][nodes[index * node.width + node.at("type")] ?? 0] ?? "",
    name: strings[nodes[index * node.width + node.at("name")] ?? 0] ?? "",
    bytes: nodes[index * node.width + node.at("self_size")] ?? 0,
    parent,
    property,
  });
  seen[0] = 1;
  const found: HeapNode[] = [read(0)];
  const indexes = [0];
  for (let next = 0; next < found.length; next++) {
    const index = indexes[next] ?? 0;
    for (let one = firstEdge[index] ?? 0; one < (firstEdge[index + 1] ?? 0); one++) {
      const type = meta.edge_types[0][edges[one * edge.width + edge.at("type")] ?? 0] ?? "";
      const target = (edges[one * edge.width + edge.at("to_node")] ?? 0) / node.width;
      if (NOT_KEEPING.has(type) || seen[target] === 1) continue;
      seen[target] = 1;
      const name = edges[one * edge.width + edge.at("name_or_index")] ?? 0;
      found.push(read(target, found[next], NAMED.has(type) ? strings[name] : undefined));
      indexes.push(target);
    }
  }
  return found;
}

function fieldsOf<Name extends string>(fields: readonly string[], names: readonly Name[]) {
  const places = new Map(names.map((name) => [name, fields.indexOf(name)]));
  return { width: fields.length, at: (name: Name) => places.get(name) ?? 0 };
}
