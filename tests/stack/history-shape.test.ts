import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { historySchema, type Message, messageSchema } from "../../src/protocol/message.ts";
import { createGroup, workspaceCaller } from "../support/group.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";

describe("history", () => {
  let stack: TestStack;
  let group: Awaited<ReturnType<typeof createGroup>>;
  const path = (more: string) => `/v1/channels/${group.channelId}/messages${more}`;
  const sent = async (index: number, content: string, more = {}): Promise<Message> => {
    const answer = await group.member(index).send(group.channelId, content, more);
    expect(answer.body).toMatchObject({ content });
    return answer.body;
  };
  const find = (messages: Message[], { id }: Message) => messages.find((message) => message.id === id);

  beforeAll(async () => {
    stack = await startTestStack({ env: { CARIOS_RATE_LIMIT_MESSAGES_PER_MINUTE: "100000" } });
    group = await createGroup(stack, "shape", 3);
  });
  afterAll(() => stack.stop());

  it("[HIST-4] a message is the same wherever it is read, and has exactly the fields of the contract", async () => {
    const [ana, budi, citra] = [group.member(0), group.member(1), group.member(2)];
    const plain = await sent(1, "plain");
    const quoted = await sent(0, `${"😀".repeat(199)}ab${"c".repeat(2_000)}`);
    const full = await sent(0, "with everything", {
      parent_id: quoted.id,
      mentions: [budi.externalId],
      metadata: { deep: [{ k: "ü\\u2028" }] },
      idempotency_key: "the sender's",
    });
    for (const [user, emoji] of [
      [citra, "👍"],
      [budi, "🎉"],
      [ana, "👍"],
    ] as const) {
      await user.put(path(`/${full.id}/reactions/${encodeURIComponent(emoji)}`));
    }
    for (const index of [1, 2, 1, 0]) await sent(index, `reply of ${index}`, { thread_root_id: full.id });
    const reply = await sent(2, "reply of 2", { thread_root_id: full.id, parent_id: plain.id });
    await ana.patch(path(`/${full.id}`), { content: "with everything, edited" });
    await ana.put(path(`/${full.id}/pin`));

    for (const reader of [ana, budi, workspaceCaller(stack)]) {
      const page = (await reader.get(path("?limit=100"))).body;
      const around = (await reader.get(path(`?around=${full.id}&limit=20`))).body;
      const thread = (await reader.get(path(`/${full.id}/thread`))).body;
      const pins = (await reader.get(`/v1/channels/${group.channelId}/pins`)).body;
      for (const history of [page, around, thread]) expect(historySchema().strict().parse(history)).toEqual(history);
      for (const message of page.messages) expect(messageSchema().strict().parse(message)).toEqual(message);
      for (const message of [plain, quoted, full, reply]) {
        const shown = find(page.messages, message);
        expect(shown).toBeDefined();
        expect((await reader.get(path(`/${message.id}`))).body).toEqual(shown);
        expect(find(around.messages, message)).toEqual(shown);
      }
      expect(pins.messages[0]).toEqual(find(page.messages, full));
      expect(find(thread.messages, reply)).toEqual(find(page.messages, reply));
      expect(find(page.messages, full)).toMatchObject({
        content: "with everything, edited",
        user: { id: ana.id, external_id: ana.externalId },
        quoted_message: { id: quoted.id, content: `${"😀".repeat(199)}a…`, deleted: false },
        mentions: [{ user_id: budi.id }],
        metadata: { deep: [{ k: "ü\\u2028" }] },
        reactions: [
          { emoji: "👍", count: 2, reacted_by_me: reader === ana },
          { emoji: "🎉", count: 1, reacted_by_me: reader === budi },
        ],
        reply_count: 5,
        last_repliers: [{ id: citra.id }, { id: ana.id }, { id: budi.id }],
        pinned_at: expect.any(String),
        edited_at: expect.any(String),
      });
      expect(find(page.messages, full)?.client_id).toBe(reader === ana ? "the sender's" : undefined);
    }
  });

  it("[HIST-6] a window has what was acknowledged before it, also where Postgres is behind, and leaves out the blocked", async () => {
    const [ana, budi, citra] = [group.member(0), group.member(1), group.member(2)];
    for (let round = 0; round < 5; round++) {
      const middle = await sent(0, `middle ${round}`);
      const after = await sent(1, `after ${round}`);
      const window = (await ana.get(path(`?around=${middle.id}&limit=3`))).body;
      expect(window.messages.map((message: Message) => message.id).slice(0, 2)).toEqual([after.id, middle.id]);
      expect(window.as_of).toEqual(expect.any(String));
    }
    const [first, second, third] = [await sent(0, "1"), await sent(1, "2"), await sent(0, "3")];
    await citra.put(`/v1/me/blocks/${budi.externalId}`);
    const ids = async (around: Message) =>
      (await citra.get(path(`?around=${around.id}&limit=3`))).body.messages.map((message: Message) => message.seq);
    expect(await ids(first)).toEqual([third.seq, first.seq, expect.any(Number)]);
    expect(await ids(second)).toEqual([third.seq, first.seq, expect.any(Number)]);
    expect((await ana.get(path(`?around=${group.channelId}`))).status).toBe(404);
    const stranger = (await createGroup(stack, "strangers", 1)).member(0);
    expect((await stranger.get(path(`?around=${first.id}`))).body.error.code).toBe("NOT_A_MEMBER");
  });
});
