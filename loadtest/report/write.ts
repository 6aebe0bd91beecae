import fs from "node:fs";
import path from "node:path";
import type { Summary } from "../summary.ts";

const results = path.join(import.meta.dirname, "..", "results");

/** `results/<scenario>-<date>.json`, with the time to the second so that no run replaces another. */
export function defaultPath(summary: Summary): string {
  const date = summary.started_at.slice(0, 19).replaceAll(":", "").replace("T", "-");
  return path.join(results, `${summary.scenario.name}-${date}.json`);
}

/** Writes a summary and returns where, relative to the working folder. */
export function writeSummary(summary: Summary, file: string = defaultPath(summary)): string {
  fs.mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
  fs.writeFileSync(file, `${printJson(summary)}\n`);
  return path.relative(process.cwd(), path.resolve(file));
}

/** JSON for people: indented, but a list of plain values stays on one line. A sample a line would hide the figures. */
export function printJson(value: unknown, indent = ""): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== "object" || item === null)) return JSON.stringify(value);
    return `[\n${value.map((item) => `${inner}${printJson(item, inner)}`).join(",\n")}\n${indent}]`;
  }
  const lines = Object.entries(value).map(([key, item]) => `${inner}${JSON.stringify(key)}: ${printJson(item, inner)}`);
  return `{\n${lines.join(",\n")}\n${indent}}`;
}
