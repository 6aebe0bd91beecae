import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chromiumPath } from "./support/chromium.ts";

/** `npm test`: makes sure of the browser, then runs everything. Arguments go to vitest. */
function main(): number {
  if (!existsSync(chromiumPath()) && !installChromium()) {
    console.error(
      "The browser tests need Chromium: install it (Debian: apt-get install chromium) or set KABAR_CHROMIUM to its path.",
    );
    return 1;
  }
  const vitest = spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  return vitest.status ?? 1;
}

/** Installs Debian's package where this process may. */
function installChromium(): boolean {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || spawnSync("apt-get", ["--version"]).status !== 0 || process.env.KABAR_CHROMIUM !== undefined)
    return false;
  console.log("Installing chromium for the browser tests …");
  const options = {
    stdio: ["ignore", "ignore", "inherit"] as const,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  };
  spawnSync("apt-get", ["update", "-q"], { ...options, stdio: [...options.stdio] });
  spawnSync("apt-get", ["install", "-y", "-q", "--no-install-recommends", "chromium"], {
    ...options,
    stdio: [...options.stdio],
  });
  return existsSync(chromiumPath());
}

process.exitCode = main();
