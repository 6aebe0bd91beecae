import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import type { SourcelessWorkerOptions } from "./worker-options.ts";

export type { SourcelessWorkerOptions } from "./worker-options.ts";

/** What wrangler.toml says, in miniflare's terms. */
export interface WorkerConfig {
  main: string;
  options: SourcelessWorkerOptions;
}

/**
 * Reads wrangler.toml with wrangler itself, so that there is one definition for the cloud and for here. Loading wrangler
 * takes more than a second, so the result is kept in node_modules/.cache until the file changes.
 */
export async function readWorkerConfig(root: string): Promise<WorkerConfig> {
  const file = path.join(root, "wrangler.toml");
  const wranglerVersion = fs.readFileSync(path.join(root, "node_modules/wrangler/package.json"), "utf8");
  const key = createHash("sha256").update(root).update(fs.readFileSync(file)).update(wranglerVersion).digest("hex");
  const cacheFile = path.join(root, "node_modules/.cache/kabar", `wrangler-${key.slice(0, 16)}.json`);
  try {
    return JSON.parse(fs.readFileSync(cacheFile, "utf8")) as WorkerConfig;
  } catch {
    const config = await readWithWrangler(file);
    writeQuietly(cacheFile, JSON.stringify(config));
    return config;
  }
}

async function readWithWrangler(file: string): Promise<WorkerConfig> {
  const { unstable_getMiniflareWorkerOptions, unstable_readConfig } = await import("wrangler");
  const config = unstable_readConfig({ config: file }, { hideWarnings: true });
  const { workerOptions, main } = unstable_getMiniflareWorkerOptions(config);
  // Rules for loading modules are the bundler's business, and miniflare refuses them beside a finished script.
  const { modulesRules: _, ...options } = workerOptions;
  return {
    main: main ?? config.main ?? "src/worker.ts",
    options: { ...options, name: config.name ?? "worker" } as SourcelessWorkerOptions,
  };
}

/** A cache that cannot be written (read-only node_modules) costs a second at each start and nothing else. */
function writeQuietly(file: string, text: string): void {
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  } catch {}
}
