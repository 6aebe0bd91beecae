import fs from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";

const TESTS = path.resolve(import.meta.dirname, "..");

/** Ids in brackets, such as [RES-1], in all files below a folder that end as given. */
function idsIn(folder: string, ending: string): Set<string> {
  const ids = new Set<string>();
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(ending)) continue;
    const text = fs.readFileSync(path.join(entry.parentPath, entry.name), "utf8");
    for (const [, id] of text.matchAll(/\[([A-Z][A-Z0-9]*-\d+)\]/g)) if (id !== undefined) ids.add(id);
  }
  return ids;
}

it("[SPEC-1] every rule of SPEC.md is named by a test, and every rule that a test names is in SPEC.md", () => {
  const rules = [...fs.readFileSync(path.join(TESTS, "SPEC.md"), "utf8").matchAll(/^- \[([A-Z][A-Z0-9]*-\d+)\]/gm)].map(
    ([, id]) => id,
  );
  expect(rules.length).toBe(new Set(rules).size);
  expect([...rules].sort()).toEqual([...idsIn(TESTS, ".test.ts")].sort());
});
