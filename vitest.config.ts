import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** Everything that `npm test` runs: pure parts, the object inside workerd, the whole stack, a real browser. */
export default defineConfig({
  test: {
    reporters: ["default", "./tests/support/summary-reporter.ts"],
    projects: [
      { test: { name: "unit", include: ["tests/unit/**/*.test.ts"], testTimeout: 20_000, hookTimeout: 60_000 } },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                // Nothing listens there: the object must do its work without Postgres and Redis.
                DATABASE_URL: "postgres://nobody:nothing@127.0.0.1/kabar",
                NEON_FETCH_ENDPOINT: "http://127.0.0.1:9/sql",
                CARIOS_JWT_SECRET: "a secret for tests only, long enough",
              },
            },
          }),
        ],
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
