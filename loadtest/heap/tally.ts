import type { HeapNode } from "./snapshot.ts";

/** How many objects of one kind there are, and the bytes of these objects alone. */
export interface Tally {
  kind: string;
  count: number;
  bytes: number;
}

/** Constructors whose name says nothing of what an object is for: it is named by who keeps it. */
const NAMELESS = new Set(["Object", "Array", "Map", "Set", "Date"]);
const MAX_DEPTH = 4;

/** Objects by kind: by constructor, or by who keeps them, such as `string of Connection.id`. */
export function tally(nodes: Iterable<HeapNode>): Map<string, Tally> {
  const kinds = new Map<string, Tally>();
  for (const node of nodes) {
    const kind = kindOf(node);
    const known = kinds.get(kind);
    if (known === undefined) kinds.set(kind, { kind, count: 1, bytes: node.bytes });
    else {
      known.count++;
      known.bytes += node.bytes;
    }
  }
  return kinds;
}

/** What there is more of in `after`, most bytes first. */
export function growth(before: ReadonlyMap<string, Tally>, after: ReadonlyMap<string, Tally>): Tally[] {
  return [...after.values()]
    .map(({ kind, count, bytes }) => ({
      kind,
      count: count - (before.get(kind)?.count ?? 0),
      bytes: bytes - (before.get(kind)?.bytes ?? 0),
    }))
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes);
}

function kindOf(node: HeapNode, depth = 0): string {
  const { type, name, parent, property } = node;
  const isNamed = type === "object" && !NAMELESS.has(name);
  if (isNamed) return name;
  const own = type === "object" ? name : type === "closure" ? `closure ${name}` : type;
  if (type === "closure" || parent === undefined || depth >= MAX_DEPTH) return own;
  return `${own} of ${kindOf(parent, depth + 1)}${property === undefined ? "" : `.${property}`}`;
}
