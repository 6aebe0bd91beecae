import { Redis } from "@upstash/redis/cloudflare";
import { sql } from "drizzle-orm";
import { HubClient, type HubNamespace } from "../platform/hub-client.ts";
import { describeError, logEvent } from "../platform/log.ts";
import type { Readiness } from "../protocol/health.ts";
import type { Parts } from "./parts.ts";

/** Milliseconds that a dependency has to answer. */
const TIMEOUT_MS = 2_000;
/** Name of an object that exists only to be asked whether objects answer. */
const PROBE = "readyz";

/** Asks every dependency at once. `isServing` is false where Postgres or the hub is down: nothing works without them for long. */
export async function readiness(
  { settings, db, store }: Parts,
  namespace: HubNamespace,
): Promise<{ report: Readiness; isServing: boolean }> {
  const [postgres, redis, objectStore, hub] = await Promise.all([
    probe("postgres", () => db.execute(sql`select 1`)),
    probe("redis", async (signal) => {
      if (settings.redis === undefined) throw new Error("not configured");
      await new Redis({
        ...settings.redis,
        signal: () => signal,
        retry: { retries: 0 },
        enableTelemetry: false,
      }).ping();
    }),
    probe("object_store", async (signal) => {
      if (store === undefined) throw new Error("not configured");
      if (!(await store.answers(signal))) throw new Error("refused the request");
    }),
    probe("hub", () => new HubClient(namespace, PROBE).stats()),
  ]);
  const dependencies = { postgres, redis, object_store: objectStore, hub };
  const isWhole = Object.values(dependencies).every(({ status }) => status === "ok");
  return {
    report: { status: isWhole ? "ok" : "degraded", dependencies },
    isServing: postgres.status === "ok" && hub.status === "ok",
  };
}

async function probe(
  name: string,
  ask: (signal: AbortSignal) => Promise<unknown>,
): Promise<{ status: "ok" | "unavailable"; latency_ms: number }> {
  const startedAt = performance.now();
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const late = new Promise((_, reject) =>
    signal.addEventListener("abort", () => reject(new Error("no answer in time"))),
  );
  let status: "ok" | "unavailable" = "ok";
  try {
    await Promise.race([ask(signal), late]);
  } catch (error) {
    status = "unavailable";
    logEvent("warn", "dependency_unavailable", { dependency: name, ...describeError(error) });
  }
  return { status, latency_ms: Math.round((performance.now() - startedAt) * 10) / 10 };
}
