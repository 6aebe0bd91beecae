import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestStack, type TestStack } from "../support/stack.ts";
import { errorOf, keyClient, newGroup, newPerson, type Person, type RestClient } from "./rest-client.ts";

let stack: TestStack;
let key: RestClient;

beforeAll(async () => {
  stack = await startTestStack({
    env: {
      CARIOS_RATE_LIMIT_USER_REQUESTS_PER_MINUTE: "30",
      CARIOS_RATE_LIMIT_ADDRESS_REQUESTS_PER_MINUTE: "40",
      CARIOS_RATE_LIMIT_MESSAGES_PER_MINUTE: "1000",
    },
  });
  key = keyClient(stack);
});
afterAll(() => stack?.stop());

/** Statuses of requests one after another until the first 429, or `most`. */
async function untilLimited(api: RestClient, most: number) {
  for (let count = 0; count < most; count++) {
    const answer = await api.get("/v1/me");
    if (answer.status === 429) return { count, answer };
  }
  return { count: most, answer: undefined };
}

describe("request limits", () => {
  it("[RATE-1] over the limit of a user: 429 with Retry-After, for that user only", async () => {
    const [ayu, bima] = await Promise.all([newPerson(key), newPerson(key)]);
    const { count, answer } = await untilLimited(ayu.api, 40);
    // Where a minute begins meanwhile, the sliding window lets a few more through.
    expect(count).toBeGreaterThanOrEqual(30);
    expect(count).toBeLessThan(35);
    expect(answer && errorOf(answer)).toEqual([429, "RATE_LIMITED"]);
    expect(Number(answer?.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await bima.api.get("/v1/me")).status).toBe(200);
  });

  it("[RATE-3] failures count against the address, good credentials do not", async () => {
    const ayu = await newPerson(key);
    for (let count = 0; count < 50; count++) await key.get("/healthz");
    let refused = 0;
    for (let count = 0; count < 60; count++) {
      const { status } = await key.as("Bearer wrong").get("/v1/me");
      expect([401, 429]).toContain(status);
      if (status === 429) refused++;
    }
    expect(refused).toBeGreaterThan(10);
    expect((await ayu.api.get("/v1/me")).status).toBe(200);
    expect((await key.get("/v1/users?limit=1")).status).toBe(200);
  });

  it("[RATE-2] without Redis the limit holds, and requests are not slow", async () => {
    const ayu = await newPerson(key);
    await stack.redis.stop();
    try {
      const startedAt = performance.now();
      const { count } = await untilLimited(ayu.api, 45);
      expect(count).toBeGreaterThanOrEqual(30);
      expect(count).toBeLessThan(45);
      expect(performance.now() - startedAt).toBeLessThan(5_000);
      const ready = await key.as(undefined).get("/readyz", { headers: { "cf-connecting-ip": "192.0.2.1" } });
      expect([ready.status, ready.body.status, ready.body.dependencies.redis.status]).toEqual([
        200,
        "degraded",
        "unavailable",
      ]);
      const [bima, cici] = await Promise.all([newPerson(key), newPerson(key)]);
      const channel = await newGroup(key, [bima, cici]);
      expect((await bima.api.post(`/v1/channels/${channel}/messages`, { content: "still" })).status).toBe(201);
    } finally {
      await stack.redis.start();
    }
  });
});

describe("without Postgres", () => {
  let ayu: Person;
  let bima: Person;
  let channel: string;

  beforeAll(async () => {
    [ayu, bima] = await Promise.all([newPerson(key), newPerson(key)]);
    channel = await newGroup(key, [ayu, bima]);
  });

  it("[MSG-7] [ERR-6] [OPS-1] sends and the newest page go on; the rest answers 503 and then works again", async () => {
    const path = `/v1/channels/${channel}/messages`;
    for (let n = 1; n <= 3; n++) await ayu.api.post(path, { content: `before ${n}` });
    // By key: once a user has read, the hub knows who blocks somebody, and has the page whole.
    expect((await key.get(path)).body.messages).toHaveLength(3);
    await stack.postgres.stop();
    try {
      expect((await ayu.api.post(path, { content: "during" })).status).toBe(201);
      expect((await key.post(path, { content: "by key", user_id: bima.id })).status).toBe(201);
      const { body } = await bima.api.get(`${path}?limit=2`);
      expect(body).toMatchObject({ from_journal: true, has_more: true });
      expect(body.messages.map((message: { content: string }) => message.content)).toEqual(["by key", "during"]);
      const older = (await bima.api.get(`${path}?limit=10&before=${body.next_cursor}`)).body;
      expect(older.messages.map((message: { seq: number }) => message.seq)).toEqual([3, 2, 1]);
      const stranger = await key.post("/v1/users", { external_id: "during" });
      expect(errorOf(stranger)).toEqual([503, "UPSTREAM_UNAVAILABLE"]);
      expect(Number(stranger.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(JSON.stringify(stranger.body)).not.toMatch(/ECONNREFUSED|neon|127\.0\.0\.1|postgres:|select/i);
      expect(errorOf(await ayu.api.get("/v1/me/channels"))).toEqual([503, "UPSTREAM_UNAVAILABLE"]);
      const ready = await key.as(undefined).get("/readyz", { headers: { "cf-connecting-ip": "192.0.2.2" } });
      expect([ready.status, ready.body.dependencies.postgres.status]).toEqual([503, "unavailable"]);
      expect(ready.body.dependencies.hub.status).toBe("ok");
    } finally {
      await stack.postgres.start();
    }
    await expect
      .poll(async () => (await bima.api.get(path)).body.from_journal, { timeout: 20_000, interval: 1_000 })
      .toBeUndefined();
    const { body } = await bima.api.get(path);
    expect(body.messages.map((message: { seq: number }) => message.seq)).toEqual([5, 4, 3, 2, 1]);
  });
});
