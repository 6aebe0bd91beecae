import { afterEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { respondToError } from "../../../src/middleware/errors.ts";
import type { Env } from "../../../src/platform/settings.ts";
import { Tokens } from "../../../src/platform/tokens.ts";
import { onDemand } from "../../../src/protocol/on-demand.ts";
import { Api } from "../../../src/routes/api.ts";
import { type Endpoint, endpoint } from "../../../src/routes/endpoint.ts";

const secret = "0123456789abcdef0123456789abcdef";
const body = onDemand(() => z.object({ good: z.literal(true) }));

/** What a route that answers after a while did, in order, where Redis says that the caller has so many requests left. */
async function play(
  definition: Pick<Endpoint<"U", undefined, undefined, unknown>, "method" | "rate">,
  { left = 5, sent = { good: true } as unknown } = {},
): Promise<{ status: number; steps: string[] }> {
  const steps: string[] = [];
  vi.stubGlobal("fetch", async () => {
    steps.push("count");
    return Response.json({ result: [left, 0] });
  });
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const api = new Api();
  api.onError(respondToError);
  const isRead = definition.method === "get";
  endpoint(
    api,
    { ...definition, path: "/it", summary: "", tag: "", auth: "U", responses: {}, ...(isRead ? {} : { body }) },
    async ({ c }) => {
      steps.push("begin");
      await new Promise((resolve) => setTimeout(resolve, 20));
      steps.push("end");
      return c.json({});
    },
  );
  const env = {
    DATABASE_URL: "postgres://u:p@localhost/d",
    CARIOS_JWT_SECRET: secret,
    UPSTASH_REDIS_REST_URL: "http://redis.invalid",
    UPSTASH_REDIS_REST_TOKEN: "t",
    WORKSPACE_HUB: { idFromName: () => "", get: () => ({}) },
  } as unknown as Env;
  const tokens = new Tokens({ secret, issuer: "cariosan", ttlSeconds: 60 });
  const { token } = await tokens.sign(crypto.randomUUID(), crypto.randomUUID());
  const { status } = await api.request(
    "/it",
    {
      method: definition.method.toUpperCase(),
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(isRead ? {} : { body: JSON.stringify(sent) }),
    },
    env,
  );
  await vi.waitFor(() => expect(steps).toContain("count"));
  return { status, steps };
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("the request limit of a route", () => {
  it("[RATE-4] that is deferred is counted when the work is done, also where the request was bad", async () => {
    expect(await play({ method: "post", rate: "deferred" })).toEqual({ status: 200, steps: ["begin", "end", "count"] });
    expect(await play({ method: "post", rate: "deferred" }, { sent: { good: false } })).toEqual({
      status: 400,
      steps: ["count"],
    });
  });

  it("[RATE-6] that reads is counted beside its work, and refuses who is over", async () => {
    expect(await play({ method: "get" })).toEqual({ status: 200, steps: ["begin", "count", "end"] });
    expect((await play({ method: "get" }, { left: -1 })).status).toBe(429);
  });

  it("[RATE-6] that writes is known before anything is written", async () => {
    expect(await play({ method: "post" })).toEqual({ status: 200, steps: ["count", "begin", "end"] });
    expect(await play({ method: "post" }, { left: -1 })).toEqual({ status: 429, steps: ["count"] });
  });
});
