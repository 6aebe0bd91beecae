import { addressOf } from "../middleware/request.ts";
import { healthSchema, readinessSchema } from "../protocol/health.ts";
import { PROTOCOL_VERSION } from "../protocol/version.ts";
import { partsOf } from "../services/parts.ts";
import { readiness } from "../services/readiness.ts";
import type { Api } from "./api.ts";
import { describeErrors, describeResponses } from "./openapi.ts";

export function registerHealth(api: Api): void {
  api.descriptions.push(() => ({
    method: "get",
    path: "/healthz",
    summary: "Whether the Worker runs; asks nobody",
    tags: ["Health"],
    responses: describeResponses({ 200: { description: "It runs", schema: healthSchema } }),
  }));
  api.get("/healthz", (c) => c.json({ status: "ok" as const, version: String(PROTOCOL_VERSION) }));

  api.descriptions.push(() => ({
    method: "get",
    path: "/readyz",
    summary: "Each dependency with its latency",
    tags: ["Health"],
    responses: {
      ...describeResponses({
        200: { description: "Serving, perhaps without Redis or files", schema: readinessSchema },
        503: { description: "Postgres or the hub does not answer", schema: readinessSchema },
      }),
      ...describeErrors(["RATE_LIMITED"]),
    },
  }));
  api.get("/readyz", async (c) => {
    const parts = partsOf(c.env);
    await parts.limiter.take("address", addressOf(c));
    const { report, isServing } = await readiness(parts, c.env.WORKSPACE_HUB);
    return isServing ? c.json(report, 200) : c.json(report, 503, { "retry-after": "5" });
  });
}
