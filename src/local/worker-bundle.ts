import { builtinModules } from "node:module";
import path from "node:path";
import { build } from "esbuild";
import { messageOf, StackError } from "./errors.ts";
import { projectRoot } from "./root.ts";

/** Name of the entry point that the local front is exported under, beside the Worker's own default export. */
export const FRONT_ENTRYPOINT = "KabarLocalFront";

/** Bundles the Worker with its local front and its way to the doors into one ES module, as wrangler would resolve it for workerd. */
export async function bundleWorker(main: string, workerFirst: string[] | boolean): Promise<string> {
  const front = path.join(projectRoot, "src/local/worker-front.ts");
  const outbound = path.join(projectRoot, "src/local/worker-outbound.ts");
  const entry = `
    import { env } from "cloudflare:workers";
    import { fetchThroughDoors } from ${JSON.stringify(outbound)};
    import worker from ${JSON.stringify(main)};
    import { createFront } from ${JSON.stringify(front)};
    export * from ${JSON.stringify(main)};
    globalThis.fetch = fetchThroughDoors(env, globalThis.fetch);
    export default worker;
    export const ${FRONT_ENTRYPOINT} = createFront(worker, ${JSON.stringify(workerFirst)});
  `;
  try {
    const result = await build({
      stdin: { contents: entry, resolveDir: projectRoot, sourcefile: "kabar-local-entry.ts", loader: "ts" },
      bundle: true,
      write: false,
      format: "esm",
      target: "es2024",
      platform: "neutral",
      mainFields: ["module", "main"],
      conditions: ["workerd", "worker", "browser", "module"],
      external: ["cloudflare:*", "node:*"],
      // Packages that name Node's modules without the prefix get workerd's own under nodejs_compat.
      alias: Object.fromEntries(
        builtinModules.filter((name) => !name.includes(":")).map((name) => [name, `node:${name}`]),
      ),
      loader: { ".sql": "text", ".txt": "text", ".html": "text", ".wasm": "binary" },
      define: { "process.env.NODE_ENV": '"production"' },
      logLevel: "silent",
    });
    return result.outputFiles[0]?.text ?? "";
  } catch (error) {
    throw new StackError(`The Worker does not build: ${messageOf(error)}`);
  }
}
