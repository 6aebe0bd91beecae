import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MyChannel, Unread } from "../../src/protocol/channel.ts";
import type { FrameDown } from "../../src/protocol/frames-down.ts";
import type { Member } from "../../src/protocol/member.ts";
import type { Message } from "../../src/protocol/message.ts";
import { createGroup, createUser, type TestUser, workspaceCaller } from "../support/group.ts";
import { openSocket, type TestSocket } from "../support/socket.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";

type Group = Awaited<ReturnType<typeof createGroup>>;

interface Count {
  unread: number;
  mentions: number;
}

/** What a device that only listens knows of one channel: the newest message, its user's cursor, and who is mentioned. */
class ListeningDevice {
  readonly #userId: string;
  readonly #channelId: string;
  #isMember = true;
  #lastSeq = 0;
  #cursor = 0;
  #mentions = new Map<number, boolean>();

  constructor(userId: string, channelId: string) {
    this.#userId = userId;
    this.#channelId = channelId;
  }

  take(frame: FrameDown): void {
    switch (frame.type) {
      case "message.created":
      case "message.updated":
      case "message.deleted": {
        const { message } = frame.data;
        if (message.channel_id !== this.#channelId) return;
        this.#lastSeq = Math.max(this.#lastSeq, message.seq);
        this.#mentions.set(
          message.seq,
          message.mentions.some((one) => one.user_id === this.#userId),
        );
        if (frame.type === "message.created" && message.user_id === this.#userId) this.#read(message.seq);
        return;
      }
      case "message.read":
        if (frame.data.channel_id === this.#channelId && frame.data.user_id === this.#userId)
          this.#read(frame.data.seq);
        return;
      case "member.joined":
        if (frame.data.channel.id !== this.#channelId) return;
        if (!frame.data.members.some((member) => member.user.id === this.#userId)) return;
        this.#isMember = true;
        this.#lastSeq = frame.data.last_seq;
        this.#cursor = frame.data.last_seq;
        this.#mentions.clear();
        return;
      case "member.left":
        if (frame.data.channel_id === this.#channelId && frame.data.user_ids.includes(this.#userId))
          this.#isMember = false;
    }
  }

  get count(): Count | undefined {
    if (!this.#isMember) return undefined;
    const mentions = [...this.#mentions].filter(([seq, isMine]) => isMine && seq > this.#cursor).length;
    return { unread: this.#lastSeq - this.#cursor, mentions };
  }

  #read(seq: number): void {
    this.#cursor = Math.max(this.#cursor, seq);
  }
}

describe("receipts, counts and presence", () => {
  let stack: TestStack;
  let groups = 0;
  const path = (group: Group, more = "") => `/v1/channels/${group.channelId}${more}`;
  const freshGroup = (size: number) => createGroup(stack, `counts-${groups++}`, size);

  beforeAll(async () => {
    const plenty = "1000000";
    stack = await startTestStack({
      env: {
        CARIOS_RATE_LIMIT_MESSAGES_PER_MINUTE: plenty,
        CARIOS_RATE_LIMIT_KEY_REQUESTS_PER_MINUTE: plenty,
        CARIOS_RATE_LIMIT_USER_REQUESTS_PER_MINUTE: plenty,
        CARIOS_RATE_LIMIT_ADDRESS_REQUESTS_PER_MINUTE: plenty,
      },
    });
  });
  afterAll(() => stack.stop());

  /** Every message of a channel, as the workspace's server reads it. */
  async function allMessages(group: Group): Promise<Message[]> {
    const messages: Message[] = [];
    for (let before = ""; ; ) {
      const page = await workspaceCaller(stack).get(path(group, `/messages?limit=100${before}`));
      messages.push(...page.body.messages);
      if (!page.body.has_more) return messages;
      before = `&before=${page.body.next_cursor}`;
    }
  }

  async function counted(user: TestUser, group: Group): Promise<Count> {
    const [unread, channels] = [
      (await user.get("/v1/me/unread")).body as Unread,
      (await user.get("/v1/me/channels")).body.channels as MyChannel[],
    ];
    const entry = unread.channels.find((one) => one.channel_id === group.channelId);
    const listed = channels.find((one) => one.id === group.channelId);
    const count = { unread: entry?.unread_count ?? 0, mentions: entry?.unread_mentions ?? 0 };
    expect({ unread: listed?.unread_count, mentions: listed?.unread_mentions }).toEqual(count);
    expect({ unread: unread.total, mentions: unread.unread_mentions }).toEqual(count);
    return count;
  }

  const step = fc.record({
    do: fc.constantFrom(
      "send",
      "send",
      "sendBySocket",
      "reply",
      "read",
      "readTo",
      "edit",
      "unsend",
      "leave",
      "join",
      "check",
    ),
    user: fc.integer({ min: 0, max: 3 }),
    other: fc.integer({ min: 0, max: 3 }),
    pick: fc.nat(),
  });

  it("[UNREAD-2] counts equal a recount of all messages after any history, and a second device knows them by its socket", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 45 }), async (steps) => {
        const group = await freshGroup(4);
        const key = workspaceCaller(stack);
        const sockets = await Promise.all(group.users.map((user) => openSocket(stack.baseUrl, user.token)));
        const second = await openSocket(stack.baseUrl, group.member(1).token, "?batch=1");
        const device = new ListeningDevice(group.member(1).id, group.channelId);
        const sent: Message[] = [];
        const unsent = new Set<string>();
        const reached = new Map(group.users.map((user) => [user.id, 0]));
        const note = (message: Message, user: TestUser) => {
          sent.push(message);
          reached.set(user.id, message.seq);
        };
        const expectOk = (answer: { status: number; body: unknown }) => {
          if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
          return answer.body;
        };

        const check = async () => {
          const messages = await allMessages(group);
          expect(messages).toHaveLength(sent.length);
          for (const user of group.users) {
            const cursor = reached.get(user.id);
            if (cursor === undefined) continue;
            const unread = messages.filter((message) => message.seq > cursor);
            const mentions = unread.filter((message) => message.mentions.some((one) => one.user_id === user.id));
            expect(await counted(user, group)).toEqual({ unread: unread.length, mentions: mentions.length });
          }
        };

        for (const one of steps) {
          const user = group.member(one.user);
          const socket = sockets[one.user] as TestSocket;
          const isMember = reached.has(user.id);
          const other = group.member(one.other);
          const mentions = reached.has(other.id) && one.pick % 2 === 0 ? [other.externalId] : [];
          const picked = sent[one.pick % Math.max(1, sent.length)];
          const canChange = picked !== undefined && !unsent.has(picked.id);
          if (one.do === "send" && isMember) {
            note(expectOk(await user.send(group.channelId, "x", { mentions })) as Message, user);
          } else if (one.do === "sendBySocket" && isMember) {
            const answer = await socket.request("message.send", {
              channel_id: group.channelId,
              content: "y",
              mentions,
            });
            if (answer.type !== "message.ack") throw new Error(JSON.stringify(answer));
            note(answer.data.message, user);
          } else if (one.do === "reply" && isMember && canChange && picked.thread_root_id === null) {
            const more = { thread_root_id: picked.id, mentions };
            note(expectOk(await user.send(group.channelId, "re", more)) as Message, user);
          } else if (one.do === "read" && isMember) {
            expectOk(await user.post(path(group, "/read")));
            reached.set(user.id, sent.length);
          } else if (one.do === "readTo" && isMember && picked) {
            const data = { channel_id: group.channelId, message_id: picked.id };
            expect((await socket.request("message.read", data)).type).toBe("ok");
            reached.set(user.id, Math.max(reached.get(user.id) ?? 0, picked.seq));
          } else if (one.do === "edit" && canChange) {
            const answer = await key.patch(path(group, `/messages/${picked.id}`), {
              content: `e${one.pick}`,
              mentions,
            });
            expectOk(answer);
          } else if (one.do === "unsend" && canChange) {
            expectOk(await key.delete(path(group, `/messages/${picked.id}`)));
            unsent.add(picked.id);
          } else if (one.do === "leave" && isMember && one.user > 0) {
            expectOk(await user.delete(path(group, `/members/${user.id}`)));
            reached.delete(user.id);
          } else if (one.do === "join" && !isMember) {
            expectOk(await key.post(path(group, "/members"), { user_ids: [user.externalId] }));
            reached.set(user.id, sent.length);
          } else if (one.do === "check" && one.pick % 4 === 0) await check();
        }
        if (!reached.has(group.member(1).id)) {
          expectOk(await key.post(path(group, "/members"), { user_ids: [group.member(1).externalId] }));
          reached.set(group.member(1).id, sent.length);
        }
        const last = expectOk(await group.member(0).send(group.channelId, "last")) as Message;
        note(last, group.member(0));
        await check();
        const flat = () => second.frames.flatMap((frame) => (frame.type === "batch" ? frame.data.events : [frame]));
        const hasLast = () =>
          flat().some((frame) => frame.type === "message.created" && frame.data.message.id === last.id);
        for (let n = 0; n < 200 && !hasLast(); n++) await new Promise((resolve) => setTimeout(resolve, 20));
        for (const frame of flat()) device.take(frame as FrameDown);
        expect(device.count).toEqual(await counted(group.member(1), group));
        await Promise.all([...sockets, second].map((socket) => socket.close()));
        // The next round counts its own channel only.
        expectOk(await key.delete(path(group)));
      }),
      { numRuns: 6, endOnFailure: true },
    );
  });

  it("[UNREAD-3] what one device reads the other learns at once, and both count the same", async () => {
    const group = await freshGroup(2);
    const [ana, budi] = [group.member(0), group.member(1)];
    const [phone, laptop] = [await openSocket(stack.baseUrl, budi.token), await openSocket(stack.baseUrl, budi.token)];
    for (let n = 0; n < 3; n++) await ana.send(group.channelId, `${n}`, n === 2 ? { mentions: [budi.externalId] } : {});
    expect(await counted(budi, group)).toEqual({ unread: 3, mentions: 1 });
    await phone.request("message.read", { channel_id: group.channelId });
    const [frame] = await laptop.waitFor("message.read");
    expect(frame?.data).toMatchObject({ user_id: budi.id, seq: 3 });
    expect(await counted(budi, group)).toEqual({ unread: 0, mentions: 0 });
    await Promise.all([phone.close(), laptop.close()]);
  });

  it("[RCPT-9] with read receipts off nobody but the caller sees cursors, over REST as over sockets; counts go on", async () => {
    const key = workspaceCaller(stack);
    const group = await freshGroup(3);
    const [ana, budi, cici] = [group.member(0), group.member(1), group.member(2)];
    const cursorsFor = async (caller: { get: TestUser["get"] }, of: TestUser) => {
      const { members } = (await caller.get(path(group, "/members"))).body as { members: Member[] };
      const member = members.find((one) => one.user.id === of.id);
      return [member?.last_read_at, member?.last_delivered_at].map((time) => typeof time);
    };
    const [shown, nothing] = [
      ["string", "string"],
      ["object", "object"],
    ];
    await ana.send(group.channelId, "1");
    await budi.post(path(group, "/read"));
    expect(await cursorsFor(ana, budi)).toEqual(shown);
    const watcher = await openSocket(stack.baseUrl, ana.token);
    const own = await openSocket(stack.baseUrl, budi.token);
    expect((await key.patch("/v1/workspace", { settings: { read_receipts: false } })).status).toBe(200);
    await ana.send(group.channelId, "2");
    expect(await counted(budi, group)).toEqual({ unread: 1, mentions: 0 });
    await budi.post(path(group, "/read"));
    expect(await counted(budi, group)).toEqual({ unread: 0, mentions: 0 });
    await own.waitFor("message.read");
    for (const caller of [ana, cici, key]) expect(await cursorsFor(caller, budi)).toEqual(nothing);
    expect(await cursorsFor(budi, budi)).toEqual(shown);
    const added = await key.post(path(group, "/members"), { user_ids: [budi.externalId] });
    expect(added.body.members[0]).toMatchObject({ last_read_at: null, last_delivered_at: null });
    await watcher.waitFor("message.created");
    expect(watcher.frames.filter((frame) => frame.type === "message.read")).toEqual([]);
    expect((await key.patch("/v1/workspace", { settings: { read_receipts: true } })).status).toBe(200);
    expect(await cursorsFor(ana, budi)).toEqual(shown);
    await Promise.all([watcher.close(), own.close()]);
  });

  it("[PRES-16] GET /v1/presence tells of those with whom one shares a channel; the workspace's server of all", async () => {
    const key = workspaceCaller(stack);
    const group = await freshGroup(3);
    const [ana, budi] = [group.member(0), group.member(1)];
    const stranger = await createUser(stack, "presence-stranger");
    const names = `${ana.externalId},${budi.id},${stranger.id},${budi.externalId},nobody`;
    const get = async (caller: { get: TestUser["get"] }) =>
      (await caller.get(`/v1/presence?user_ids=${names}`)).body.users;
    const watcher = await openSocket(stack.baseUrl, ana.token);
    const socket = await openSocket(stack.baseUrl, budi.token);
    await watcher.waitFor("presence.update");
    expect((await socket.request("presence.set", { status: "away" })).type).toBe("ok");
    expect(await get(ana)).toEqual([
      { user_id: ana.id, external_id: ana.externalId, status: "online", last_seen_at: null },
      { user_id: budi.id, external_id: budi.externalId, status: "away", last_seen_at: null },
    ]);
    expect((await get(key)).map((one: { user_id: string }) => one.user_id)).toEqual([ana.id, budi.id, stranger.id]);
    expect(await get(stranger)).toMatchObject([{ user_id: stranger.id, status: "offline", last_seen_at: null }]);
    const updates = await watcher.waitFor("presence.update", 2);
    expect(updates.map((frame) => [frame.data.external_id, frame.data.status])).toEqual([
      [budi.externalId, "online"],
      [budi.externalId, "away"],
    ]);
    const state = await watcher.request("presence.query", {});
    expect(state).toMatchObject({ type: "presence.state", data: { users: [{ user_id: budi.id, status: "away" }] } });
    await Promise.all([watcher.close(), socket.close()]);
    for (const bad of ["", ",", Array.from({ length: 101 }, (_, n) => `u${n}`).join(",")]) {
      expect((await ana.get(`/v1/presence?user_ids=${bad}`)).body.error.code).toBe("VALIDATION_ERROR");
    }
    expect((await key.patch("/v1/workspace", { settings: { presence: false } })).status).toBe(200);
    expect(await get(ana)).toEqual([]);
    await key.patch("/v1/workspace", { settings: { presence: true } });
  });
});
