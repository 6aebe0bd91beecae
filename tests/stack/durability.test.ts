import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Message } from "../../src/protocol/message.ts";
import { createGroup } from "../support/group.ts";
import { openSocket, type TestSocket } from "../support/socket.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";

/** Rows of a channel as Postgres has them, by seq. */
async function archived(stack: TestStack, channelId: string): Promise<{ id: string; seq: number; content: string }[]> {
  const client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query(
      "SELECT id, seq::int AS seq, content FROM messages WHERE channel_id = $1 ORDER BY seq",
      [channelId],
    );
    return rows;
  } finally {
    await client.end();
  }
}

async function until(what: string, done: () => Promise<boolean>, timeoutMs = 90_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; ) {
    if (await done().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`waited in vain for ${what}`);
}

describe("durability", () => {
  let stack: TestStack;

  beforeAll(async () => {
    const plenty = "1000000";
    stack = await startTestStack({
      env: { CARIOS_RATE_LIMIT_MESSAGES_PER_MINUTE: plenty, CARIOS_RATE_LIMIT_USER_REQUESTS_PER_MINUTE: plenty },
    });
  });
  afterAll(() => stack.stop());

  it("[ARCH-8] 1,000 messages sent while Postgres is stopped are all there once, in order, when it is back", async () => {
    const group = await createGroup(stack, "outage", 2);
    const ana = group.member(0);
    await ana.send(group.channelId, "before");
    await stack.postgres.stop();
    for (let n = 0; n < 1_000; n += 50) {
      const sends = Array.from({ length: 50 }, (_, at) => ana.send(group.channelId, `m${n + at}`));
      for (const { status } of await Promise.all(sends)) expect(status).toBe(201);
    }
    const page = await ana.get(`/v1/channels/${group.channelId}/messages?limit=3`);
    expect(page).toMatchObject({ status: 200, body: { from_journal: true, messages: [{ seq: 1_001 }, {}, {}] } });
    await stack.postgres.start();
    await until("the archive", async () => (await archived(stack, group.channelId)).length >= 1_001);
    const rows = await archived(stack, group.channelId);
    expect(rows.map((row) => row.seq)).toEqual(Array.from({ length: 1_001 }, (_, n) => n + 1));
    expect(new Set(rows.map((row) => row.content)).size).toBe(1_001);
    const after = await ana.get(`/v1/channels/${group.channelId}/messages?limit=100`);
    expect(after.body).not.toHaveProperty("from_journal");
  });

  it("[DUR-1] SIGKILL of workerd in the middle of sends loses no acknowledged message and doubles none", async () => {
    const group = await createGroup(stack, "kill", 4);
    const acknowledged = new Map<string, Message>();
    const attempted = new Set<string>();
    let stopped = false;

    /** One attempt to send over a socket; a dead one is replaced at the next attempt. */
    const overSocket = (index: number) => {
      let socket: TestSocket | undefined;
      return {
        async attempt(key: string): Promise<Message | undefined> {
          try {
            socket ??= await openSocket(stack.baseUrl, group.member(index).token);
            const data = { channel_id: group.channelId, content: key, idempotency_key: key };
            const answer = await socket.request("message.send", data, 3_000);
            if (answer.type === "message.ack") return answer.data.message;
          } catch {
            socket?.socket.terminate();
            socket = undefined;
          }
          return undefined;
        },
        end: () => socket?.socket.terminate(),
      };
    };
    const overRest = (index: number) => ({
      async attempt(key: string): Promise<Message | undefined> {
        const body = { idempotency_key: key };
        const sent = await group
          .member(index)
          .send(group.channelId, key, body)
          .catch(() => undefined);
        return sent?.status === 201 ? (sent.body as Message) : undefined;
      },
      end: () => undefined,
    });
    /** Sends until told to stop, each message again with the same key until it is acknowledged, as a client would. */
    const keepSending = async (name: string, way: ReturnType<typeof overSocket>) => {
      for (let n = 0; !stopped; n++) {
        const key = `${name}-${n}`;
        attempted.add(key);
        while (!stopped && !acknowledged.has(key)) {
          const message = await way.attempt(key);
          if (message !== undefined) acknowledged.set(key, message);
          else await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
      way.end();
    };
    const senders = [
      keepSending("rest-0", overRest(0)),
      keepSending("rest-1", overRest(1)),
      keepSending("socket-2", overSocket(2)),
      keepSending("socket-3", overSocket(3)),
    ];
    for (let round = 0; round < 3; round++) {
      await new Promise((resolve) => setTimeout(resolve, 700));
      await stack.worker.kill();
      await stack.worker.start();
    }
    await new Promise((resolve) => setTimeout(resolve, 700));
    stopped = true;
    await Promise.all(senders);
    expect(acknowledged.size).toBeGreaterThan(100);

    await until("the archive", async () => {
      const rows = await archived(stack, group.channelId);
      const ids = new Set(rows.map((row) => row.id));
      return [...acknowledged.values()].every((message) => ids.has(message.id));
    });
    const rows = await archived(stack, group.channelId);
    expect(rows.map((row) => row.seq)).toEqual(rows.map((_, index) => index + 1));
    expect(new Set(rows.map((row) => row.content)).size).toBe(rows.length);
    for (const [key, message] of acknowledged) {
      expect(rows[message.seq - 1]).toMatchObject({ id: message.id, content: key });
    }
    for (const row of rows) expect(attempted.has(row.content)).toBe(true);
  });

  it("[BUDGET-5] sends go on without Redis, at the same limit", async () => {
    const group = await createGroup(stack, "no-redis", 2);
    const ana = group.member(0);
    await stack.redis.stop();
    try {
      for (let n = 0; n < 20; n++) expect((await ana.send(group.channelId, `m${n}`)).status).toBe(201);
      expect((await ana.get("/v1/me/channels")).status).toBe(200);
    } finally {
      await stack.redis.start();
    }
  });
});
