import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { freePort } from "./ports.ts";
import { stopWithParent } from "./stop-with-parent.ts";

const HOST = "127.0.0.1";
const local = path.join(import.meta.dirname, "../../../src/local");

/** What the Worker is given, as miniflare names it. */
interface Bindings {
  durableObjects?: Record<string, { className: string; useSQLite: true }>;
  /** Variables. */
  bindings?: Record<string, string>;
  /** HTTP servers outside. */
  serviceBindings?: Record<string, { external: { address: string; http: Record<string, never> } }>;
  r2Buckets?: Record<string, { id: string; s3Credentials: { accessKeyId: string; secretAccessKey: string } }>;
  assets?: { directory: string; binding: string };
}

export interface WorkerdOptions {
  /** Where the Worker listens, without a proxy before it. */
  port: number;
  /** Export of the Worker that answers there; the default export without one. */
  entrypoint?: string;
  /** Where V8's inspector protocol is answered; not at all without one. */
  inspectorPort?: number;
  /** Where objects keep their data. */
  folder: string;
  /** The Worker's one module. */
  scriptFile: string;
  bindings: Bindings;
}

/** Runs a Worker of the load tool in workerd as the local stack runs Kabar, until the parent process ends. Resolves when it is ready. */
export async function serveInWorkerd(options: WorkerdOptions): Promise<void> {
  process.env.MINIFLARE_WORKERD_PATH = path.join(local, "workerd-launcher.sh");
  const flags = JSON.parse(fs.readFileSync(path.join(local, "workerd-v8-flags.json"), "utf8")) as string[];
  process.env.MINIFLARE_WORKERD_V8_FLAGS ??= flags.join(" ");
  const { port, entrypoint, inspectorPort, folder, scriptFile, bindings } = options;
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: HOST,
      port: await freePort(),
      // A place on the map would be looked up over the network.
      cf: false,
      log: new Log(LogLevel.NONE),
      logRequests: false,
      telemetry: { enabled: false },
      ...(inspectorPort !== undefined && { inspectorHost: HOST, inspectorPort }),
      resourcePersistencePath: path.join(folder, "worker"),
      handleStructuredLogs: ({ message }) => console.error(message),
      unsafeRuntimeEnv: { KABAR_WORKERD_BINARY: workerdBinary() },
      workers: [
        {
          name: "bare",
          modules: true,
          script: fs.readFileSync(scriptFile, "utf8"),
          compatibilityDate: "2026-11-01",
          ...bindings,
          unsafeDirectSockets: [{ host: HOST, port, ...(entrypoint !== undefined && { entrypoint }) }],
          unsafeRegisterWorker: false,
        },
      ],
    }),
  );
  stopWithParent(() => miniflare.dispose());
  await miniflare.ready;
}

/** The run-time that miniflare itself depends on. */
function workerdBinary(): string {
  const fromMiniflare = createRequire(createRequire(import.meta.url).resolve("miniflare"));
  const loaded: unknown = fromMiniflare("workerd");
  if (typeof loaded === "object" && loaded !== null && "default" in loaded) return String(loaded.default);
  throw new Error("unable to find workerd; because its package names no program");
}
