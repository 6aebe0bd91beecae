import { createRequire } from "node:module";

/** Version of an installed npm package; undefined where it is not there. */
export function npmVersion(name: string): string | undefined {
  try {
    const manifest: unknown = createRequire(import.meta.url)(`${name}/package.json`);
    if (typeof manifest !== "object" || manifest === null || !("version" in manifest)) return undefined;
    return String(manifest.version);
  } catch {
    return undefined;
  }
}
