import type { V4WorkerOptions } from "miniflare";

/** miniflare's options of one Worker without its source. */
export type SourcelessWorkerOptions = Omit<
  Extract<V4WorkerOptions, { scriptPath: string }>,
  "script" | "scriptPath" | "modules" | "modulesRoot" | "modulesRules"
>;
