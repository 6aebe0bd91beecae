import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { historyCursor } from "../../src/domain/page-cursor.ts";
import { historySchema, type Message } from "../../src/protocol/message.ts";
import { type Caller, createGroup, workspaceCaller } from "../support/group.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";

/** The same for every run, so that a failure can be looked at. */
function randomFrom(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

describe("pages that the hub holds", () => {
  let stack: TestStack;
  let group: Awaited<ReturnType<typeof createGroup>>;
  const path = (more: string) => `/v1/channels/${group.channelId}/messages${more}`;

  beforeAll(async () => {
    stack = await startTestStack({
      env: {
        CARIOS_RATE_LIMIT_MESSAGES_PER_MINUTE: "100000",
        CARIOS_RATE_LIMIT_USER_REQUESTS_PER_MINUTE: "100000",
        CARIOS_RATE_LIMIT_KEY_REQUESTS_PER_MINUTE: "100000",
      },
    });
    group = await createGroup(stack, "held", 3);
  });
  afterAll(() => stack.stop());

  /** The page that the hub may hold, and the same messages (but the first) as they are read forwards, which Postgres alone answers. */
  async function compare(reader: Caller, before: number | undefined): Promise<Message[]> {
    const older = before === undefined ? "" : `&before=${historyCursor.encode([before])}`;
    const page = (await reader.get(path(`?limit=100${older}`))).body;
    expect(historySchema().strict().parse(page)).toEqual(page);
    expect(page.from_journal).toBeUndefined();
    const all = (await reader.get(path(`?limit=100&after=${historyCursor.encode([1])}`))).body;
    expect(all.has_more).toBe(false);
    const shown = page.messages.filter(({ seq }: Message) => seq > 1);
    expect(shown).toEqual(all.messages.filter(({ seq }: Message) => before === undefined || seq < before));
    expect([page.has_more, page.next_cursor]).toEqual([false, null]);
    return page.messages;
  }

  it("[HIST-8] are what Postgres answers, for every reader, after each of many changes", async () => {
    const random = randomFrom(7);
    const key = workspaceCaller(stack);
    const ids: string[] = [];
    const send = async (more: Record<string, unknown> = {}) => {
      const answer = await group.member(random(3)).send(group.channelId, `text ${ids.length} ü`, more);
      expect(answer.status).toBe(201);
      ids.push(answer.body.id);
    };
    const any = () => ids[random(ids.length)] ?? "";
    // Any short text is one; these are names of places in a list, and of what every object has.
    const emoji = () => encodeURIComponent(["👍", "10", "2", "__proto__", "constructor"][random(5)] ?? "");
    for (let n = 0; n < 66; n++) await send();
    const changes: (() => Promise<unknown>)[] = [
      () => send({ idempotency_key: `key ${ids.length}` }),
      () => send({ parent_id: any() }),
      () => send({ thread_root_id: ids[random(10)] }),
      () => key.patch(path(`/${any()}`), { content: `edited ${random(1_000)}` }),
      () => key.delete(path(`/${ids[20 + random(ids.length - 20)]}`)),
      () => group.member(random(3)).put(path(`/${any()}/reactions/${emoji()}`)),
      () => group.member(random(3)).put(path(`/${ids[0]}/reactions/${emoji()}`)),
      () => group.member(random(3)).delete(path(`/${any()}/reactions/${emoji()}`)),
      () => key.put(path(`/${any()}/pin`)),
      () => key.post("/v1/users", { external_id: `held-${random(3)}`, name: `Name ${random(1_000)}` }),
    ];
    for (let n = 0; n < 75; n++) {
      // The last ones are of what adds no message, so that all of it fits on a page.
      const change = changes[n < 30 ? random(changes.length) : 3 + random(changes.length - 3)];
      await change?.();
      for (const reader of [group.member(n % 3), key]) await compare(reader, n % 2 === 0 ? undefined : 65);
    }
  });

  it("[HIST-11] are answered while Postgres is away, with what was sent since, and whole", async () => {
    const [ana, budi] = [group.member(0), group.member(1)];
    // A page that is read again is held.
    const before = await compare(budi, undefined);
    await compare(budi, undefined);
    await stack.postgres.stop();
    try {
      const during = (await ana.send(group.channelId, "during")).body;
      const page = (await budi.get(path("?limit=100"))).body;
      expect(page.from_journal).toBeUndefined();
      expect(page.messages).toEqual([during, ...before].slice(0, 100));
    } finally {
      await stack.postgres.start();
    }
    // Postgres answers before the archive, which has backed off, has told it.
    const after = path(`?limit=1&after=${historyCursor.encode([before[0]?.seq ?? 0])}`);
    await expect
      .poll(async () => (await budi.get(after)).body.messages?.[0]?.content, { timeout: 30_000, interval: 500 })
      .toBe("during");
    expect((await compare(budi, undefined))[0]?.content).toBe("during");
  });

  it("[HIST-10] leave nobody whom a reader has blocked on the next page", async () => {
    const [ana, budi] = [group.member(0), group.member(1)];
    await compare(budi, undefined);
    expect((await compare(budi, undefined)).some((message) => message.user_id === ana.id)).toBe(true);
    await budi.put(`/v1/me/blocks/${ana.externalId}`);
    expect((await compare(budi, undefined)).some((message) => message.user_id === ana.id)).toBe(false);
    await budi.delete(`/v1/me/blocks/${ana.externalId}`);
    expect((await compare(budi, undefined)).some((message) => message.user_id === ana.id)).toBe(true);
  });
});
