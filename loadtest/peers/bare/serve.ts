import path from "node:path";
import { serveInWorkerd } from "../server/workerd.ts";

const [, , port, folder = ""] = process.argv;

await serveInWorkerd({
  port: Number(port),
  folder,
  scriptFile: path.join(import.meta.dirname, "worker.js"),
  bindings: {
    durableObjects: {
      BATCH: { className: "BatchGroup", useSQLite: true },
      RELAY: { className: "RelayGroup", useSQLite: true },
      DURABLE: { className: "DurableGroup", useSQLite: true },
      WIRE: { className: "WireGroup", useSQLite: true },
      COMMIT: { className: "CommitGroup", useSQLite: true },
    },
  },
});
