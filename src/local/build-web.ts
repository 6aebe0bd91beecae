import fs from "node:fs";
import path from "node:path";
import { projectRoot } from "./root.ts";

/** Makes dist/web from src/web. A stand-in: copies what is there. */
export async function buildWeb(): Promise<void> {
  const source = path.join(projectRoot, "src/web");
  const target = path.join(projectRoot, "dist/web");
  fs.mkdirSync(target, { recursive: true });
  if (fs.existsSync(source)) fs.cpSync(source, target, { recursive: true });
}

if (import.meta.main) await buildWeb();
