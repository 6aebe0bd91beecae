import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Message } from "../../src/protocol/message.ts";
import { placeOf } from "../../src/sdk/place.ts";
import { createGroup, workspaceCaller } from "../support/group.ts";
import { openSocket } from "../support/socket.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";

describe("changes of messages", () => {
  let stack: TestStack;
  let group: Awaited<ReturnType<typeof createGroup>>;
  const path = (message: Message, more = "") => `/v1/channels/${group.channelId}/messages/${message.id}${more}`;
  const sent = async (index: number, content: string, more = {}): Promise<Message> =>
    (await group.member(index).send(group.channelId, content, more)).body;
  const history = async (index: number, query = ""): Promise<Message[]> =>
    (await group.member(index).get(`/v1/channels/${group.channelId}/messages${query}`)).body.messages;

  beforeAll(async () => {
    stack = await startTestStack({ env: { CARIOS_RATE_LIMIT_MESSAGES_PER_MINUTE: "100000" } });
    group = await createGroup(stack, "changes", 4);
  });
  afterAll(() => stack.stop());

  it("[EDIT-1] an edit shows at once in history, live, and in what quotes it", async () => {
    const [ana, budi] = [group.member(0), group.member(1)];
    const socket = await openSocket(stack.baseUrl, budi.token);
    const message = await sent(0, "frist");
    const reply = await sent(1, "you mean?", { parent_id: message.id });
    expect(reply.quoted_message?.content).toBe("frist");
    const edited = await ana.patch(path(message), { content: "first" });
    expect(edited).toMatchObject({
      status: 200,
      body: { content: "first", edited_at: expect.any(String), seq: message.seq },
    });
    expect((await ana.patch(path(message), { content: "first" })).body).toEqual(edited.body);
    const [newest, older] = await history(2);
    expect(older).toMatchObject({ id: message.id, content: "first", edited_at: edited.body.edited_at });
    expect(newest?.quoted_message).toMatchObject({ content: "first", deleted: false });
    const updates = await socket.waitFor("message.updated");
    expect(updates.map((frame) => frame.data.message.content)).toEqual(["first"]);
    await socket.close();
  });

  it("[EDIT-2] only the author edits with a token; the workspace key may", async () => {
    const message = await sent(0, "mine");
    expect(await group.member(1).patch(path(message), { content: "yours" })).toMatchObject({
      status: 403,
      body: { error: { code: "NOT_AUTHOR" } },
    });
    const byKey = await workspaceCaller(stack).patch(path(message), { content: "ours" });
    expect(byKey).toMatchObject({ status: 200, body: { content: "ours" } });
  });

  it("[UNSEND-1] an unsent message is a tombstone everywhere, and its content is nowhere any more", async () => {
    const [ana, budi] = [group.member(0), group.member(1)];
    const socket = await openSocket(stack.baseUrl, budi.token);
    const { cursor } = socket;
    const secret = "the secret is 4711";
    const message = await sent(0, secret, { idempotency_key: "unsend-1" });
    const reply = await sent(1, "what?", { parent_id: message.id });
    await socket.waitFor("message.created", 2);
    expect((await budi.delete(path(message))).body.error.code).toBe("NOT_AUTHOR");
    const tombstone = await ana.delete(path(message));
    expect(tombstone).toMatchObject({ status: 200, body: { content: "", deleted_at: expect.any(String) } });
    expect((await ana.delete(path(message))).body).toEqual(tombstone.body);
    await socket.waitFor("message.deleted");
    await socket.close();

    const again = await openSocket(stack.baseUrl, budi.token);
    again.send({ type: "resume", data: { cursor } });
    await again.waitFor("resumed");
    expect(again.messages.map((one) => one.id)).toEqual([message.id, reply.id]);
    const replay = await ana.send(group.channelId, secret, { idempotency_key: "unsend-1" });
    expect(replay.body).toMatchObject({ id: message.id, content: "" });
    const page = await history(2);
    expect(page.find((one) => one.id === reply.id)?.quoted_message).toMatchObject({ content: "", deleted: true });
    for (const seen of [again.frames, page, replay.body]) expect(JSON.stringify(seen)).not.toContain(secret);
    expect((await ana.patch(path(message), { content: "back" })).status).toBe(404);
    await again.close();
  });

  it("[REACT-1] one reaction per user; another replaces it, repeats are no events", async () => {
    const message = await sent(0, "react!");
    const socket = await openSocket(stack.baseUrl, group.member(3).token);
    const emoji = (text: string) => path(message, `/reactions/${encodeURIComponent(text)}`);
    for (const text of ["👍", "👍", "❤️"]) expect((await group.member(1).put(emoji(text))).status).toBe(204);
    expect((await group.member(2).put(emoji("❤️"))).status).toBe(204);
    const page = await history(1);
    expect(page[0]?.reactions).toEqual([{ emoji: "❤️", count: 2, reacted_by_me: true }]);
    expect((await history(0))[0]?.reactions).toEqual([{ emoji: "❤️", count: 2, reacted_by_me: false }]);
    for (let n = 0; n < 2; n++) expect((await group.member(2).delete(emoji("❤️"))).status).toBe(204);
    expect((await group.member(1).delete(emoji("👍"))).status).toBe(204);
    expect((await history(0))[0]?.reactions).toEqual([{ emoji: "❤️", count: 1, reacted_by_me: false }]);
    await socket.waitFor("message.reaction.removed");
    const events = socket.frames.filter((frame) => frame.type.startsWith("message.reaction"));
    expect(events.map((frame) => frame.type.slice("message.reaction.".length))).toEqual([
      "added",
      "added",
      "added",
      "removed",
    ]);
    await socket.close();
  });

  it("[MENTION-1] tells mentioned members, live and on resume, and counts them until they read", async () => {
    const budi = group.member(1);
    await budi.post(`/v1/channels/${group.channelId}/read`);
    const socket = await openSocket(stack.baseUrl, budi.token);
    const { cursor } = socket;
    const message = await sent(0, "look, @budi", { mentions: ["changes-1"] });
    const [frame] = await socket.waitFor("message.mentioned");
    expect(frame?.data).toMatchObject({ message_id: message.id, by_user_id: group.member(0).id });
    const mine = async () => (await budi.get("/v1/me/channels")).body.channels[0];
    expect(await mine()).toMatchObject({ unread_count: 1, unread_mentions: 1 });
    await budi.post(`/v1/channels/${group.channelId}/read`);
    expect(await mine()).toMatchObject({ unread_count: 0, unread_mentions: 0 });
    await socket.close();
    const again = await openSocket(stack.baseUrl, budi.token);
    again.send({ type: "resume", data: { cursor } });
    expect((await again.waitFor("message.mentioned"))[0]?.data.message_id).toBe(message.id);
    await again.close();
  });

  it("[THREAD-1] counts a thread's replies on its root, with who replied last, and pages them", async () => {
    const root = await sent(0, "a question");
    for (const [index, text] of [
      [1, "a"],
      [2, "b"],
      [1, "c"],
    ] as const) {
      expect((await sent(index, text, { thread_root_id: root.id })).thread_root_id).toBe(root.id);
    }
    const nested = (await history(0))[0];
    const refused = await group.member(0).send(group.channelId, "no", { thread_root_id: nested?.id });
    expect(refused.body.error.code).toBe("VALIDATION_ERROR");
    const shown = (await group.member(0).get(path(root))).body;
    expect(shown.reply_count).toBe(3);
    expect(shown.last_repliers.map((user: { id: string }) => user.id)).toEqual([
      group.member(1).id,
      group.member(2).id,
    ]);
    const first = (await group.member(3).get(path(root, "/thread?limit=2"))).body;
    expect(first.messages.map((one: Message) => one.content)).toEqual(["c", "b"]);
    const rest = (await group.member(3).get(path(root, `/thread?limit=2&before=${first.next_cursor}`))).body;
    expect(rest).toMatchObject({ messages: [{ content: "a" }], has_more: false, next_cursor: null });
    await group.member(1).delete(path(first.messages[0]));
    expect((await group.member(0).get(path(root))).body.reply_count).toBe(2);
  });

  it("[PIN-1] pins by admins, lists last pinned first, and tells the members", async () => {
    const socket = await openSocket(stack.baseUrl, group.member(2).token);
    const [one, two] = [await sent(1, "one"), await sent(1, "two")];
    expect((await group.member(1).put(path(one, "/pin"))).status).toBe(403);
    for (const message of [one, two, two]) expect((await group.member(0).put(path(message, "/pin"))).status).toBe(200);
    const pins = async () => (await group.member(2).get(`/v1/channels/${group.channelId}/pins`)).body.messages;
    expect((await pins()).map((message: Message) => message.content)).toEqual(["two", "one"]);
    await workspaceCaller(stack).delete(path(two, "/pin"));
    expect((await pins()).map((message: Message) => message.content)).toEqual(["one"]);
    await socket.waitFor("message.unpinned");
    expect(socket.frames.filter((frame) => frame.type === "message.pinned")).toHaveLength(2);
    await socket.close();
  });

  it("[HIST-3] pages forward with after and shows a window with around", async () => {
    const paged = await createGroup(stack, "paging", 1);
    const ana = paged.member(0);
    const ids: string[] = [];
    for (let n = 1; n <= 20; n++) ids.push((await ana.send(paged.channelId, `${n}`)).body.id);
    const get = async (query: string) => (await ana.get(`/v1/channels/${paged.channelId}/messages?${query}`)).body;
    const contents = (page: { messages: Message[] }) => page.messages.map((message) => Number(message.content));
    const around = await get(`around=${ids[9]}&limit=5`);
    expect(contents(around)).toEqual([12, 11, 10, 9, 8]);
    const newer = await get(`after=${around.prev_cursor}&limit=5`);
    expect(contents(newer)).toEqual([17, 16, 15, 14, 13]);
    expect(newer.has_more).toBe(true);
    const last = await get(`after=${newer.next_cursor}&limit=5`);
    expect(contents(last)).toEqual([20, 19, 18]);
    expect(last).toMatchObject({ has_more: false, next_cursor: null });
    expect(contents(await get(`before=${around.next_cursor}&limit=3`))).toEqual([7, 6, 5]);
    const both = await ana.get(
      `/v1/channels/${paged.channelId}/messages?around=${ids[0]}&before=${around.next_cursor}`,
    );
    expect(both.body.error.code).toBe("VALIDATION_ERROR");
  });

  it("[WEB-17] a page tells of which moment it is: events that it shows are not after it, later ones are", async () => {
    const socket = await openSocket(stack.baseUrl, group.member(1).token);
    const root = await sent(0, "of which moment?");
    await group.member(1).put(path(root, `/reactions/${encodeURIComponent("👍")}`));
    const pages = [`?around=${root.id}&limit=3`, "?limit=5", "?limit=100"].map((query) =>
      group.member(1).get(`/v1/channels/${group.channelId}/messages${query}`),
    );
    pages.push(group.member(1).get(path(root, "/thread")));
    const [shown] = await socket.waitFor("message.reaction.added");
    for (const page of await Promise.all(pages)) {
      expect(placeOf(page.body.as_of)).toMatchObject({ epoch: placeOf(shown?.data.cursor)?.epoch });
      expect(placeOf(page.body.as_of)?.seq).toBeGreaterThanOrEqual(placeOf(shown?.data.cursor)?.seq ?? Infinity);
    }
    const { as_of } = (await group.member(1).get(`/v1/channels/${group.channelId}/messages`)).body;
    await group.member(0).delete(path(root));
    const [later] = await socket.waitFor("message.deleted");
    expect(placeOf(later?.data.cursor)?.seq).toBeGreaterThan(placeOf(as_of)?.seq ?? Infinity);
    await socket.close();
  });

  it("[EDIT-3] works over the socket, with ok and error", async () => {
    const socket = await openSocket(stack.baseUrl, group.member(0).token);
    const message = await sent(0, "over the socket");
    const target = { channel_id: group.channelId, message_id: message.id };
    expect((await socket.request("message.edit", { ...target, content: "edited" })).type).toBe("ok");
    expect((await socket.request("reaction.add", { ...target, emoji: "🎉" })).type).toBe("ok");
    expect((await history(0))[0]).toMatchObject({ content: "edited", reactions: [{ emoji: "🎉" }] });
    expect((await socket.request("reaction.remove", { ...target, emoji: "🎉" })).type).toBe("ok");
    expect((await socket.request("message.delete", target)).type).toBe("ok");
    expect(await socket.request("message.edit", { ...target, content: "x" })).toMatchObject({
      type: "error",
      data: { code: "NOT_FOUND" },
    });
    await socket.close();
  });
});
