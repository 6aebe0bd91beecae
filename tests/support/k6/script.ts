import path from "node:path";
import * as esbuild from "esbuild";

/** Where the scripts are. */
export const K6_FOLDER = path.join(import.meta.dirname, "../../../loadtest/k6");

/**
 * Writes one of the scripts with what it imports as one module, in which other texts stand for k6's own modules.
 *
 * @param modules text of each, by its name
 */
export async function bundleScript(name: string, outfile: string, modules: Record<string, string>): Promise<void> {
  await esbuild.build({
    entryPoints: [path.join(K6_FOLDER, name)],
    bundle: true,
    format: "esm",
    outfile,
    plugins: [
      {
        name: "k6",
        setup(build) {
          build.onResolve({ filter: /^k6/ }, (args) => ({ path: args.path, namespace: "k6" }));
          build.onLoad({ filter: /.*/, namespace: "k6" }, (args) => ({ contents: modules[args.path] ?? "" }));
        },
      },
    ],
  });
}
