import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { freePort } from "../peers/server/ports.ts";
import { stopWithParent } from "../peers/server/stop-with-parent.ts";

const HOST = "127.0.0.1";
const launcher = path.join(import.meta.dirname, "../../src/local/workerd-launcher.sh");

/** Runs `bare-worker.js` in workerd as the local stack runs Kabar, with the inspector on. */
async function serve(port: number, inspectorPort: number, folder: string): Promise<void> {
  process.env.MINIFLARE_WORKERD_PATH = launcher;
  fs.mkdirSync(path.join(folder, "assets"), { recursive: true });
  const options = convertV4MiniflareOptions({
    host: HOST,
    port: await freePort(),
    // A place on the map would be looked up over the network.
    cf: false,
    log: new Log(LogLevel.NONE),
    logRequests: false,
    telemetry: { enabled: false },
    inspectorHost: HOST,
    inspectorPort,
    resourcePersistencePath: path.join(folder, "worker"),
    handleStructuredLogs: ({ message }) => console.error(message),
    unsafeRuntimeEnv: { KABAR_WORKERD_BINARY: workerdBinary() },
    workers: [
      {
        name: "bare",
        modules: true,
        script: fs.readFileSync(path.join(import.meta.dirname, "bare-worker.js"), "utf8"),
        compatibilityDate: "2026-11-01",
        durableObjects: { OBJECT: { className: "BareObject", useSQLite: true } },
        // Unused: the services behind them are in Kabar's process too, and are not its own code.
        r2Buckets: { BUCKET: { id: "bare", s3Credentials: { accessKeyId: "bare", secretAccessKey: "bare" } } },
        assets: { directory: path.join(folder, "assets"), binding: "ASSETS" },
        unsafeDirectSockets: [{ host: HOST, port, entrypoint: "Direct" }],
        unsafeRegisterWorker: false,
      },
    ],
  });
  const miniflare = new Miniflare(options);
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

await serve(Number(process.argv[2]), Number(process.argv[3]), process.argv[4] ?? "");
