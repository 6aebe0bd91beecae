import { addressOf } from "../middleware/request.ts";
import { demoSessionSchema } from "../protocol/demo.ts";
import { demoSession } from "../services/demo.ts";
import { partsOf } from "../services/parts.ts";
import type { Api } from "./api.ts";
import { describeErrors, describeResponses } from "./openapi.ts";

export function registerDemo(api: Api): void {
  api.descriptions.push(() => ({
    method: "get",
    path: "/demo/session",
    summary: "Tokens of the two demo users, where this deployment has a demo workspace",
    tags: ["Demo"],
    responses: {
      ...describeResponses({ 200: { description: "Signed in", schema: demoSessionSchema } }),
      ...describeErrors(["NOT_FOUND", "RATE_LIMITED", "UPSTREAM_UNAVAILABLE"]),
    },
  }));
  api.get("/demo/session", async (c) => {
    const parts = partsOf(c.env);
    await parts.limiter.take("address", addressOf(c));
    return c.json(await demoSession(parts));
  });
}
