import fs from "node:fs";
import path from "node:path";
import { serveInWorkerd } from "../peers/server/workerd.ts";

const [, , port, inspectorPort, folder = ""] = process.argv;
const assets = path.join(folder, "assets");

fs.mkdirSync(assets, { recursive: true });
await serveInWorkerd({
  port: Number(port),
  entrypoint: "Direct",
  inspectorPort: Number(inspectorPort),
  folder,
  scriptFile: path.join(import.meta.dirname, "bare-worker.js"),
  bindings: {
    durableObjects: { OBJECT: { className: "BareObject", useSQLite: true } },
    // Unused: the services behind them are in Kabar's process too, and are not its own code.
    r2Buckets: { BUCKET: { id: "bare", s3Credentials: { accessKeyId: "bare", secretAccessKey: "bare" } } },
    assets: { directory: assets, binding: "ASSETS" },
  },
});
