import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { stableId, wantedId } from "../../../src/cli/import-ids.ts";
import { fingerprint, readLines } from "../../../src/cli/import-lines.ts";
import { exportLineSchema } from "../../../src/protocol/export.ts";
import { conversation } from "../../support/conversations.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kabar-lines-"));
afterAll(() => fs.rmSync(folder, { recursive: true }));
const write = (name: string, content: string | Buffer) => {
  fs.writeFileSync(path.join(folder, name), content);
  return path.join(folder, name);
};
const workspace = "0190a000-0000-7000-8000-000000000000";

describe("files of an import", () => {
  it("[IMP-2] are read line by line, characters whole, with the place behind each line", async () => {
    const long = "😀é".repeat(400_000);
    const text = `one\n${long}\n\nlast`;
    const lines = [];
    for await (const line of readLines(write("a", text))) lines.push(line);
    expect(lines.map((line) => line.text === long || line.text)).toEqual(["one", true, "", "last"]);
    expect(lines.map((line) => line.number)).toEqual([1, 2, 3, 4]);
    expect(lines.map((line) => line.end)).toEqual([
      4,
      5 + Buffer.byteLength(long),
      6 + Buffer.byteLength(long),
      Buffer.byteLength(text),
    ]);
  });

  it("[IMP-2] are known again, and told apart", async () => {
    const first = await fingerprint(write("b", "x".repeat(3_000_000)));
    expect(await fingerprint(write("c", "x".repeat(3_000_000)))).toBe(first);
    expect(await fingerprint(write("d", `${"x".repeat(2_999_999)}y`))).not.toBe(first);
    expect(await fingerprint(write("e", "x".repeat(3_000_001)))).not.toBe(first);
  });

  it("[IMP-4] any id has one UUID per workspace; a UUID stays what it is", () => {
    const id = "0190A000-0000-7000-8001-000000000001";
    expect(wantedId(workspace, id)).toBe(id.toLowerCase());
    expect(wantedId(workspace, "M1")).toBe(stableId(workspace, "M1"));
    expect(stableId(workspace, "M1")).not.toBe(stableId(workspace, "M2"));
    expect(stableId(workspace, "M1")).not.toBe(stableId("0190a000-0000-7000-8000-000000000001", "M1"));
  });

  it("[IMP-1] generated conversations are the same each time, and every line is one that an import takes", () => {
    const made = conversation({ seed: 3, messages: 2_000 });
    expect(conversation({ seed: 3, messages: 2_000 }).lines).toEqual(made.lines);
    expect(conversation({ seed: 4, messages: 2_000 }).lines).not.toEqual(made.lines);
    for (const line of made.lines) exportLineSchema().parse(JSON.parse(line));
    const all = made.lines.join("");
    for (const script of [
      /\p{Script=Arabic}/u,
      /\p{Script=Hebrew}/u,
      /\p{Script=Han}/u,
      /[\u{20000}-\u{2ffff}]/u,
      /\u200d/,
    ]) {
      expect([script, script.test(all)]).toEqual([script, true]);
    }
  });
});
