import fs from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";
import { projectRoot } from "./root.ts";

const source = path.join(projectRoot, "src/web");
const target = path.join(projectRoot, "dist/web");
/** The licences travel with the files that they cover. */
const SWAGGER = ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-bundle.js.LICENSE.txt", "LICENSE", "NOTICE"];
const OWN_DOCS = ["docs.js", "docs.css"];

/** Makes dist/web, the static assets of the Worker: the demo page at `/`, the API reference at `/docs`, `_headers`. */
export async function buildWeb(): Promise<void> {
  await fs.mkdir(path.join(target, "docs"), { recursive: true });
  const names = await bundlePage();
  // Other names first, the page last: a page that is being served never names a file that is not there.
  await fs.copyFile(path.join(source, "favicon.svg"), path.join(target, "favicon.svg"));
  await fs.copyFile(path.join(source, "headers.txt"), path.join(target, "_headers"));
  await buildDocs();
  const page = await fs.readFile(path.join(source, "index.html"), "utf8");
  await fs.writeFile(path.join(target, "index.html"), fill(page, names));
  await removeOld(Object.values(names));
}

/** Bundles script and styles under names with a hash, so that browsers may keep them for ever. */
async function bundlePage(): Promise<Record<string, string>> {
  const result = await build({
    entryPoints: [
      { in: path.join(source, "main.ts"), out: "app" },
      { in: path.join(source, "styles/app.css"), out: "app" },
    ],
    outdir: path.join(target, "assets"),
    entryNames: "[name]-[hash]",
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    sourcemap: "linked",
    metafile: true,
    logLevel: "warning",
  });
  const files = Object.keys(result.metafile.outputs).map((file) => `/assets/${path.basename(file)}`);
  const named = (end: string) => files.find((file) => file.endsWith(end)) ?? "";
  return { "app.js": named(".js"), "app.css": named(".css") };
}

function fill(page: string, names: Record<string, string>): string {
  return Object.entries(names).reduce((text, [name, address]) => text.replaceAll(`%${name}%`, address), page);
}

/** The API reference: Swagger UI from its package, with nothing loaded from elsewhere. */
async function buildDocs(): Promise<void> {
  const swagger = path.join(projectRoot, "node_modules/swagger-ui-dist");
  const own = path.join(source, "docs");
  const docs = path.join(target, "docs");
  await Promise.all([
    ...SWAGGER.map((name) => copy(swagger, docs, name)),
    ...OWN_DOCS.map((name) => copy(own, docs, name)),
    // Beside the folder, so that `/docs` answers itself instead of sending on to `/docs/`.
    copy(own, target, "docs.html"),
  ]);
}

function copy(from: string, to: string, name: string): Promise<void> {
  return fs.copyFile(path.join(from, name), path.join(to, name));
}

/** Removes what earlier builds made under other names. */
async function removeOld(bundles: string[]): Promise<void> {
  const kept = new Set([
    ...["_headers", "favicon.svg", "index.html", "docs.html"],
    ...[...SWAGGER, ...OWN_DOCS].map((name) => `docs/${name}`),
    ...bundles.flatMap((address) => [address.slice(1), `${address.slice(1)}.map`]),
  ]);
  const found = await fs.readdir(target, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  const isOld = (file: string) => !kept.has(path.relative(target, file).replaceAll(path.sep, "/"));
  await Promise.all(files.filter(isOld).map((file) => fs.rm(file, { force: true })));
}

if (import.meta.main) await buildWeb();
