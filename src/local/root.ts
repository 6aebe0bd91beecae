import { fileURLToPath } from "node:url";

/** Folder of the project: the one with wrangler.toml and package.json. */
export const projectRoot = fileURLToPath(new URL("../..", import.meta.url)).replace(/[/\\]$/, "");
