import path from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

/** The library as a browser loads it: its size in bytes, zipped, and the files in it. */
async function bundle(entry: string) {
  const root = path.resolve(import.meta.dirname, "../../..");
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [`src/sdk/${entry}.ts`],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    target: "es2022",
  });
  const size = gzipSync(outputFiles[0]?.contents ?? new Uint8Array(), { level: 9 }).byteLength;
  return { size, files: Object.keys(metafile.inputs) };
}

describe("the bundle", () => {
  it("[WEB-16] of the client is under 10 kB zipped, that of live screens under 5 kB, and both carry no schemas", async () => {
    const [client, live] = await Promise.all([bundle("index"), bundle("live")]);
    expect(client.size).toBeLessThan(10_000);
    expect(live.size).toBeLessThan(5_000);
    for (const file of [...client.files, ...live.files]) expect(file).toMatch(/^src\/(sdk|protocol)\//);
  });
});
