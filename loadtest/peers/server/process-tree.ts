import fs from "node:fs";

/** Processes below one, at whatever depth, by `/proc`; empty without it. */
export function descendants(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const [child, parent] of parents()) children.set(parent, [...(children.get(parent) ?? []), child]);
  const found: number[] = [];
  for (let level = children.get(pid) ?? []; level.length > 0; level = level.flatMap((one) => children.get(one) ?? [])) {
    found.push(...level);
  }
  return found;
}

function parents(): [child: number, parent: number][] {
  try {
    return fs
      .readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name): [number, number][] => {
        const parent = parentOf(name);
        return parent === undefined ? [] : [[Number(name), parent]];
      });
  } catch {
    return [];
  }
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name stands in brackets and may hold blanks; the second field after it is the parent.
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}
