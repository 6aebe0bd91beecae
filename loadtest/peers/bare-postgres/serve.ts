import path from "node:path";
import { serveInWorkerd } from "../server/workerd.ts";

const [, , port, folder = "", databaseUrl = "", databaseHttpUrl = ""] = process.argv;

await serveInWorkerd({
  port: Number(port),
  folder,
  scriptFile: path.join(import.meta.dirname, "worker.js"),
  bindings: {
    bindings: { DATABASE_URL: databaseUrl },
    serviceBindings: { DOOR: { external: { address: new URL(databaseHttpUrl).host, http: {} } } },
  },
});
