import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** Everything that `npm test` runs: pure parts, the object inside workerd, the whole stack, a real browser. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["tests/unit/**/*.test.ts"], testTimeout: 20_000, hookTimeout: 60_000 } },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: "./tests/workerd/wrangler.toml" } })],
        test: { name: "workerd", include: ["tests/workerd/**/*.test.ts"], testTimeout: 20_000 },
      },
      {
        // Each file has a stack of its own; two cores do not carry several of them at once.
        test: {
          name: "stack",
          include: ["tests/stack/**/*.test.ts", "tests/browser/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
