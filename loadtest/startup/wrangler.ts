import { execFile } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { LoadError } from "../errors.ts";
import { type CpuProfile, cpuProfileSchema } from "./profile.ts";

const projectRoot = path.join(import.meta.dirname, "../..");
const TIMEOUT_MS = 120_000;

/** A Worker's project: its folder with a wrangler.toml. */
export interface WorkerProject {
  folder: string;
}

export const kabarProject: WorkerProject = { folder: projectRoot };

/** A Worker that does nothing, with Kabar's compatibility settings: what the run-time's own start-up takes. */
export function createEmptyProject(folder: string): WorkerProject {
  const settings = fs
    .readFileSync(path.join(projectRoot, "wrangler.toml"), "utf8")
    .split("\n")
    .filter((line) => /^(compatibility_|send_metrics)/.test(line));
  fs.writeFileSync(
    path.join(folder, "wrangler.toml"),
    ['name = "empty"', 'main = "worker.js"', ...settings].join("\n"),
  );
  fs.writeFileSync(path.join(folder, "worker.js"), 'export default { fetch: () => new Response("") };\n');
  return { folder };
}

/** Bytes of the Worker's script as `wrangler deploy` would upload it. Writes into `out`. */
export async function bundleSize(project: WorkerProject, out: string): Promise<{ bytes: number; gzip_bytes: number }> {
  await wrangler(project, ["deploy", "--dry-run", "--env", "", "--outdir", out]);
  const script = fs.readFileSync(path.join(out, "worker.js"));
  return { bytes: script.byteLength, gzip_bytes: gzipSync(script, { level: 9 }).byteLength };
}

/** Profile of one start of the Worker in workerd, by `wrangler check startup`. Writes into `out`. */
export async function profileStart(project: WorkerProject, out: string): Promise<CpuProfile> {
  const file = path.join(out, "startup.cpuprofile");
  await wrangler(project, ["check", "startup", "--env", "", "--outfile", file]);
  return cpuProfileSchema.parse(JSON.parse(fs.readFileSync(file, "utf8")));
}

async function wrangler({ folder }: WorkerProject, args: readonly string[]): Promise<void> {
  const program = path.join(
    path.dirname(createRequire(import.meta.url).resolve("wrangler/package.json")),
    "bin/wrangler.js",
  );
  try {
    await promisify(execFile)(process.execPath, [program, ...args], { cwd: folder, timeout: TIMEOUT_MS });
  } catch (error) {
    throw new LoadError(`unable to run wrangler ${args[0]}; because ${String(error).slice(0, 2_000)}`);
  }
}
