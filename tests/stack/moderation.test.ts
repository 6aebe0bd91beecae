import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Message } from "../../src/protocol/message.ts";
import type { AuditEntry, Ban, Block, Mute, Report } from "../../src/protocol/moderation.ts";
import { type Answer, type Caller, createGroup, createUser, type TestUser, workspaceCaller } from "../support/group.ts";
import { openSocket } from "../support/socket.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";

const codeOf = ({ status, body }: Answer) => [status, body?.error?.code];
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();

describe("moderation", () => {
  let stack: TestStack;
  let key: Caller;

  beforeAll(async () => {
    stack = await startTestStack({ env: { CARIOS_RATE_LIMIT_MESSAGES_PER_MINUTE: "100000" } });
    key = workspaceCaller(stack);
  });
  afterAll(() => stack.stop());

  const audit = async (): Promise<AuditEntry[]> => (await key.get("/v1/moderation/audit?limit=100")).body.entries;
  const moderate = (moderation: Record<string, unknown>) => key.patch("/v1/workspace", { settings: { moderation } });
  const contents = async (user: TestUser, channel: string, query = ""): Promise<string[]> =>
    (await user.get(`/v1/channels/${channel}/messages${query}`)).body.messages.map((one: Message) => one.content);

  describe("workspace settings", () => {
    it("[SET-1] shows the workspace with every setting, and lays what is given over what is there", async () => {
      const before = await key.get("/v1/workspace");
      expect(before).toMatchObject({
        status: 200,
        body: {
          id: stack.workspaceId,
          name: "Test",
          created_at: expect.any(String),
          settings: { presence: true, moderation: { enabled: false, profanity: { enabled: true, action: "mask" } } },
        },
      });
      await moderate({ link: { action: "reject" }, blocklist: ["pesaing"] });
      const { body } = await key.patch("/v1/workspace", { name: "Renamed", settings: { typing: false } });
      expect(body.name).toBe("Renamed");
      expect(body.settings).toEqual({
        ...before.body.settings,
        typing: false,
        moderation: {
          ...before.body.settings.moderation,
          link: { enabled: false, action: "reject" },
          blocklist: ["pesaing"],
        },
      });
      expect((await key.get("/v1/workspace")).body).toEqual(body);
      await key.patch("/v1/workspace", { settings: { typing: true, moderation: { blocklist: [] } } });
    });

    it("[SET-1] keeps all of many changes at one time", async () => {
      const rules = ["profanity", "flood", "link", "phone"];
      await Promise.all([
        ...rules.map((rule) => moderate({ [rule]: { action: "flag" } })),
        moderate({ mute_seconds: 99 }),
        key.patch("/v1/workspace", { settings: { retention_days: 30 } }),
      ]);
      const { settings } = (await key.get("/v1/workspace")).body;
      expect(rules.map((rule) => settings.moderation[rule].action)).toEqual(rules.map(() => "flag"));
      expect(settings).toMatchObject({ retention_days: 30, moderation: { mute_seconds: 99 } });
      await key.patch("/v1/workspace", { settings: { retention_days: null } });
    });

    it("[SET-2] refuses what is no setting, and users", async () => {
      const user = await createUser(stack, "ws-user");
      for (const body of [
        { settings: { colour: "red" } },
        { settings: { moderation: { profanity: { action: "explode" } } } },
        { settings: { moderation: { swearing: { enabled: true } } } },
        { settings: { retention_days: 0 } },
        { id: "x" },
      ]) {
        expect(codeOf(await key.patch("/v1/workspace", body))).toEqual([400, "VALIDATION_ERROR"]);
      }
      for (const path of ["/v1/workspace", "/v1/workspace/stats", "/v1/moderation/audit", "/v1/moderation/reports"]) {
        expect((await user.get(path)).status).toBe(403);
      }
    });

    it("[SET-5] a change is in the audit log once, and not at all where it changed nothing", async () => {
      const count = async () => (await audit()).filter(({ act }) => act === "settings.changed").length;
      const before = await count();
      for (let n = 0; n < 2; n++) await moderate({ mute_seconds: 1234 });
      expect(await count()).toBe(before + 1);
      expect((await audit())[0]).toMatchObject({
        act: "settings.changed",
        actor: "workspace",
        details: { moderation: { mute_seconds: 1234 } },
      });
    });

    it("[STATS-2] shows live figures and counts", async () => {
      const { member, channelId } = await createGroup(stack, "stats", 2);
      const before = (await key.get("/v1/workspace/stats")).body;
      const socket = await openSocket(stack.baseUrl, member(0).token);
      for (let n = 0; n < 3; n++) await member(0).send(channelId, `stats ${n}`);
      const stats = async () => (await key.get("/v1/workspace/stats")).body;
      await expect.poll(async () => (await stats()).archive.lag, { timeout: 10_000 }).toBe(0);
      const body = await stats();
      expect(body).toEqual({
        users: before.users,
        channels: before.channels,
        messages: before.messages + 3,
        live: { connections: 1, users_online: 1, messages_today: before.live.messages_today + 3 },
        archive: { head: body.archive.head, archived: body.archive.head, lag: 0, parked: 0 },
      });
      await socket.close();
    });
  });

  it("[MOD-16] settings hold from the next message on, over REST and socket, and masked is what everybody gets", async () => {
    const { member, channelId } = await createGroup(stack, "rules", 3);
    const [ana, budi] = [member(0), member(1)];
    expect((await budi.send(channelId, "goblok")).body.content).toBe("goblok");
    const on = {
      enabled: true,
      profanity: { action: "mask" },
      flood: { enabled: false },
      link: { enabled: true, action: "reject" },
    };
    expect((await moderate(on)).status).toBe(200);
    const [admin, plain] = [await openSocket(stack.baseUrl, ana.token), await openSocket(stack.baseUrl, budi.token)];
    const sent = await budi.send(channelId, "goblok kamu");
    expect(sent).toMatchObject({ status: 201, body: { content: "*** kamu" } });
    expect(codeOf(await budi.send(channelId, "http://example.com"))).toEqual([422, "MESSAGE_REJECTED"]);
    const answer = await plain.request("message.send", { channel_id: channelId, content: "see www.example.com" });
    expect(answer).toMatchObject({ type: "error", data: { code: "MESSAGE_REJECTED" } });
    expect(
      codeOf(await budi.patch(`/v1/channels/${channelId}/messages/${sent.body.id}`, { content: "x.com/y" })),
    ).toEqual([422, "MESSAGE_REJECTED"]);
    const frames = await admin.waitFor("message.moderated", 4);
    expect(frames.map(({ data }) => [data.message_id, data.rule, data.action])).toEqual([
      [sent.body.id, "profanity", "mask"],
      [null, "link", "reject"],
      [null, "link", "reject"],
      [null, "link", "reject"],
    ]);
    expect(await contents(member(2), channelId)).toEqual(["*** kamu", "goblok"]);
    expect(plain.frames.filter(({ type }) => type === "message.moderated")).toEqual([]);
    const automatic = (await audit()).filter((one) => one.actor === "automatic" && one.channel_id === channelId);
    expect(automatic).toHaveLength(4);
    expect(automatic.at(-1)).toMatchObject({
      act: "message.moderated",
      user_id: budi.id,
      message_id: sent.body.id,
      details: { rule: "profanity", action: "mask", rules: ["profanity"] },
    });
    await moderate({ enabled: false });
    expect((await budi.send(channelId, "goblok")).body.content).toBe("goblok");
    await Promise.all([admin.close(), plain.close()]);
  });

  it("[MOD-12] a flood mutes its sender, which shows in the channel's mutes and can be ended", async () => {
    const { member, channelId } = await createGroup(stack, "flood", 2);
    const [ana, budi] = [member(0), member(1)];
    await moderate({ enabled: true, flood: { enabled: true, action: "auto_mute" }, mute_seconds: 60 });
    const socket = await openSocket(stack.baseUrl, budi.token);
    const codes: unknown[] = [];
    for (let n = 0; n < 7; n++) codes.push((await budi.send(channelId, "buy!")).status);
    expect(codes).toEqual([201, 201, 422, 403, 403, 403, 403]);
    expect((await socket.waitFor("member.muted"))[0]?.data).toMatchObject({ user_id: budi.id, rule: "flood" });
    const mutes = (await ana.get(`/v1/channels/${channelId}/mutes`)).body.mutes as Mute[];
    expect(mutes).toMatchObject([{ user: { id: budi.id }, rule: "flood", muted_by: null }]);
    expect((await ana.delete(`/v1/channels/${channelId}/mutes/${budi.id}`)).status).toBe(204);
    expect((await ana.get(`/v1/channels/${channelId}/mutes`)).body.mutes).toEqual([]);
    expect((await budi.send(channelId, "sorry")).status).toBe(201);
    await moderate({ enabled: false });
    await socket.close();
  });

  it("[MUTE-1] an admin mutes with an end, the workspace's server too; repeats change nothing", async () => {
    const { member, channelId } = await createGroup(stack, "mutes", 3);
    const [ana, budi, cici] = [member(0), member(1), member(2)];
    const path = `/v1/channels/${channelId}/mutes`;
    const own = (await budi.send(channelId, "mine")).body as Message;
    const until = inSeconds(3600);
    const muted = await ana.put(`${path}/${budi.externalId}`, { until });
    expect(muted).toMatchObject({
      status: 200,
      body: {
        channel_id: channelId,
        user: { id: budi.id, name: budi.externalId },
        until,
        muted_by: ana.id,
        rule: null,
      },
    });
    expect((await ana.put(`${path}/${budi.id}`, { until })).body).toEqual(muted.body);
    expect(codeOf(await budi.send(channelId, "no"))).toEqual([403, "MUTED"]);
    expect(codeOf(await budi.patch(`/v1/channels/${channelId}/messages/${own.id}`, { content: "no" }))).toEqual([
      403,
      "MUTED",
    ]);
    const socket = await openSocket(stack.baseUrl, budi.token);
    const refusal = await socket.request("message.send", { channel_id: channelId, content: "no" });
    expect(refusal).toMatchObject({ type: "error", data: { code: "MUTED" } });
    await socket.close();
    const other = (await cici.send(channelId, "hello")).body as Message;
    expect(await contents(budi, channelId)).toEqual(["hello", "mine"]);
    expect((await budi.put(`/v1/channels/${channelId}/messages/${other.id}/reactions/%F0%9F%91%8D`)).status).toBe(204);

    expect(codeOf(await cici.put(`${path}/${budi.id}`))).toEqual([403, "FORBIDDEN"]);
    expect(codeOf(await cici.get(path))).toEqual([403, "FORBIDDEN"]);
    expect(codeOf(await ana.put(`${path}/nobody`))).toEqual([404, "NOT_FOUND"]);
    expect(codeOf(await ana.put(`${path}/${cici.id}`, { until: inSeconds(-5) }))).toEqual([400, "VALIDATION_ERROR"]);
    const stranger = await createUser(stack, "mutes-stranger");
    expect(codeOf(await stranger.put(`${path}/${budi.id}`))).toEqual([403, "NOT_A_MEMBER"]);

    await key.put(`${path}/${cici.id}`);
    const first = (await key.get(`${path}?limit=1`)).body;
    expect(first.mutes).toMatchObject([{ user: { id: cici.id }, until: null, muted_by: null }]);
    const rest = (await key.get(`${path}?limit=1&cursor=${first.next_cursor}`)).body;
    expect(rest).toMatchObject({ mutes: [{ user: { id: budi.id } }], has_more: false, next_cursor: null });
    for (let n = 0; n < 2; n++) expect((await ana.delete(`${path}/${budi.id}`)).status).toBe(204);
    expect((await budi.send(channelId, "thanks")).status).toBe(201);
    const acts = (await audit())
      .filter((one) => one.channel_id === channelId)
      .map(({ act, actor_id }) => [act, actor_id]);
    expect(acts).toEqual([
      ["member.unmuted", ana.id],
      ["member.muted", null],
      ["member.muted", ana.id],
    ]);
  });

  it("[MUTE-4] a mute with an end lets its member write again without anybody's doing", async () => {
    const { member, channelId } = await createGroup(stack, "short-mute", 2);
    const path = `/v1/channels/${channelId}/mutes`;
    await member(0).put(`${path}/${member(1).id}`, { until: inSeconds(1.5) });
    expect((await member(1).send(channelId, "no")).status).toBe(403);
    await new Promise((resolve) => setTimeout(resolve, 1_600));
    expect((await member(1).send(channelId, "yes")).status).toBe(201);
    expect((await member(0).get(path)).body.mutes).toEqual([]);
  });

  it("[BAN-1] a ban removes the member at once and keeps it out until it ends", async () => {
    const { member, channelId } = await createGroup(stack, "bans", 3);
    const [ana, budi, cici] = [member(0), member(1), member(2)];
    const [path, members] = [`/v1/channels/${channelId}/bans`, `/v1/channels/${channelId}/members`];
    const socket = await openSocket(stack.baseUrl, budi.token);
    const until = inSeconds(3600);
    const banned = await ana.put(`${path}/${budi.externalId}`, { until, reason: "spam" });
    expect(banned).toMatchObject({
      status: 200,
      body: { channel_id: channelId, user: { id: budi.id }, until, reason: "spam", banned_by: ana.id },
    });
    await socket.waitFor("member.left");
    await cici.send(channelId, "he is gone");
    expect(codeOf(await budi.send(channelId, "no"))).toEqual([403, "NOT_A_MEMBER"]);
    expect((await ana.put(`${path}/${budi.id}`, { until, reason: "spam" })).body).toEqual(banned.body);
    const newcomer = await createUser(stack, "bans-newcomer");
    for (const caller of [ana, key]) {
      const refused = await caller.post(members, { user_ids: [newcomer.externalId, budi.externalId] });
      expect(codeOf(refused)).toEqual([409, "CONFLICT"]);
      expect(refused.body.error.details).toEqual([{ path: "user_ids.1", message: "is banned from this channel" }]);
    }
    expect((await ana.get(members)).body.members).toHaveLength(2);
    expect((await ana.get(path)).body.bans.map((one: Ban) => one.user.id)).toEqual([budi.id]);
    for (let n = 0; n < 2; n++) expect((await ana.delete(`${path}/${budi.id}`)).status).toBe(204);
    expect((await ana.get(path)).body.bans).toEqual([]);
    expect((await ana.post(members, { user_ids: [budi.externalId] })).status).toBe(200);
    expect((await budi.send(channelId, "back")).status).toBe(201);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(socket.messages.map(({ content }) => content)).toEqual(["back"]);
    const acts = (await audit()).filter((one) => one.channel_id === channelId);
    expect(acts.map(({ act, user_id, details }) => [act, user_id, details])).toEqual([
      ["member.unbanned", budi.id, {}],
      ["member.banned", budi.id, { until, reason: "spam" }],
    ]);
    await socket.close();
  });

  it("[BAN-2] keeps out who never was a member, ends at its time, and is for admins of groups", async () => {
    const { member, channelId } = await createGroup(stack, "bans-2", 2);
    const [ana, budi] = [member(0), member(1)];
    const path = `/v1/channels/${channelId}/bans`;
    const stranger = await createUser(stack, "bans-2-stranger");
    expect((await ana.put(`${path}/${stranger.id}`, { until: inSeconds(1.5) })).status).toBe(200);
    const add = () => ana.post(`/v1/channels/${channelId}/members`, { user_ids: [stranger.externalId] });
    expect((await add()).status).toBe(409);
    expect(codeOf(await budi.put(`${path}/${ana.id}`))).toEqual([403, "FORBIDDEN"]);
    expect(codeOf(await ana.put(`${path}/${ana.id}`))).toEqual([400, "VALIDATION_ERROR"]);
    expect(codeOf(await ana.put(`${path}/nobody`))).toEqual([404, "NOT_FOUND"]);
    expect(codeOf(await stranger.get(path))).toEqual([403, "NOT_A_MEMBER"]);
    const direct = await key.post("/v1/channels", {
      type: "direct",
      member_external_ids: [ana.externalId, budi.externalId],
    });
    expect(codeOf(await key.put(`/v1/channels/${direct.body.id}/bans/${budi.id}`))).toEqual([400, "VALIDATION_ERROR"]);
    await new Promise((resolve) => setTimeout(resolve, 1_600));
    expect((await ana.get(path)).body.bans).toEqual([]);
    expect((await add()).status).toBe(200);
  });

  it("[BAN-3] of a ban and an addition at one time the ban wins: nobody is banned and a member", async () => {
    const { member, channelId } = await createGroup(stack, "ban-races", 1);
    const others = await Promise.all(Array.from({ length: 8 }, (_, n) => createUser(stack, `ban-races-x${n}`)));
    const add = (user: TestUser) =>
      member(0).post(`/v1/channels/${channelId}/members`, { user_ids: [user.externalId] });
    const ban = (user: TestUser) => member(0).put(`/v1/channels/${channelId}/bans/${user.id}`);
    await Promise.all(others.flatMap((user) => [add(user), ban(user), add(user)]));
    expect((await key.get(`/v1/channels/${channelId}/bans`)).body.bans).toHaveLength(8);
    expect((await key.get(`/v1/channels/${channelId}/members`)).body.members).toHaveLength(1);
    for (const user of others) expect(codeOf(await user.send(channelId, "no"))).toEqual([403, "NOT_A_MEMBER"]);
  });

  describe("blocks", () => {
    it("[BLOCK-1] lists, adds and ends blocks, one per user", async () => {
      const [ana, budi, cici] = await Promise.all(["a", "b", "c"].map((name) => createUser(stack, `blocks-${name}`)));
      if (ana === undefined || budi === undefined || cici === undefined) throw new Error("no users");
      const first = await ana.put(`/v1/me/blocks/${budi.externalId}`);
      expect(first).toMatchObject({ status: 200, body: { user: { id: budi.id, external_id: budi.externalId } } });
      expect((await ana.put(`/v1/me/blocks/${budi.id}`)).body).toEqual(first.body);
      await ana.put(`/v1/me/blocks/${cici.id}`);
      const page = (await ana.get("/v1/me/blocks?limit=1")).body;
      const rest = (await ana.get(`/v1/me/blocks?limit=1&cursor=${page.next_cursor}`)).body;
      expect([...page.blocks, ...rest.blocks].map((one: Block) => one.user.id)).toEqual([cici.id, budi.id]);
      expect(rest).toMatchObject({ has_more: false, next_cursor: null });
      expect((await budi.get("/v1/me/blocks")).body.blocks).toEqual([]);
      expect(codeOf(await ana.put(`/v1/me/blocks/${ana.id}`))).toEqual([400, "VALIDATION_ERROR"]);
      expect(codeOf(await ana.put("/v1/me/blocks/nobody"))).toEqual([404, "NOT_FOUND"]);
      for (let n = 0; n < 2; n++) expect((await ana.delete(`/v1/me/blocks/${budi.id}`)).status).toBe(204);
      expect((await ana.get("/v1/me/blocks")).body.blocks).toHaveLength(1);
      expect((await key.get("/v1/me/blocks")).status).toBe(403);
    });

    it("[BLOCK-2] hides the blocked user's messages from history, pins and lists, not from the live stream or others", async () => {
      const { member, channelId } = await createGroup(stack, "hidden", 3);
      const [ana, budi, cici] = [member(0), member(1), member(2)];
      await ana.put(`/v1/me/blocks/${budi.id}`);
      const socket = await openSocket(stack.baseUrl, ana.token);
      await cici.send(channelId, "1 cici");
      const root = (await cici.send(channelId, "2 cici")).body as Message;
      const pinned = (await budi.send(channelId, "3 budi")).body as Message;
      await budi.send(channelId, "4 budi", { thread_root_id: root.id });
      await ana.put(`/v1/channels/${channelId}/messages/${pinned.id}/pin`);
      expect(await contents(ana, channelId)).toEqual(["2 cici", "1 cici"]);
      expect(await contents(cici, channelId)).toHaveLength(4);
      expect((await socket.waitFor("message.created", 4)).map(({ data }) => data.message.content)).toHaveLength(4);
      expect((await ana.get(`/v1/channels/${channelId}/pins`)).body.messages).toEqual([]);
      expect((await cici.get(`/v1/channels/${channelId}/pins`)).body.messages).toHaveLength(1);
      const thread = await ana.get(`/v1/channels/${channelId}/messages/${root.id}/thread`);
      expect(thread.body.messages).toEqual([]);
      const mine = async (user: TestUser) =>
        (await user.get("/v1/me/channels")).body.channels.find((one: { id: string }) => one.id === channelId);
      expect(await mine(ana)).toMatchObject({ last_message: { content: "2 cici" }, last_seq: 4, unread_count: 4 });
      expect((await mine(cici)).last_message.content).toBe("4 budi");
      await ana.delete(`/v1/me/blocks/${budi.id}`);
      expect(await contents(ana, channelId)).toHaveLength(4);
      await socket.close();
    });

    it("[BLOCK-3] pages stay full and complete around what is hidden, in both directions", async () => {
      const { member, channelId } = await createGroup(stack, "block-pages", 2);
      const [ana, budi] = [member(0), member(1)];
      const all: string[] = [];
      // Long runs of hidden messages at both ends and in the middle.
      const writers = [1, 1, 1, 0, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 0, 0, 1, 1];
      for (const [n, who] of writers.entries()) {
        await member(who).send(channelId, `${n}`);
        if (who === 0) all.unshift(`${n}`);
      }
      await ana.put(`/v1/me/blocks/${budi.id}`);
      const walk = async (direction: "before" | "after", start: string | undefined) => {
        const seen: string[][] = [];
        for (let cursor = start, more = true; more; ) {
          const query = cursor === undefined ? "" : `&${direction}=${cursor}`;
          const { body } = await ana.get(`/v1/channels/${channelId}/messages?limit=2${query}`);
          seen.push(body.messages.map((one: Message) => one.content));
          [cursor, more] = [body.next_cursor, body.has_more];
        }
        return seen;
      };
      const older = await walk("before", undefined);
      expect(older.flat()).toEqual(all);
      expect(older.slice(0, -1).every((page) => page.length === 2)).toBe(true);
      const oldest = (await ana.get(`/v1/channels/${channelId}/messages?limit=100`)).body.messages.at(-1) as Message;
      const around = (await ana.get(`/v1/channels/${channelId}/messages?around=${oldest.id}&limit=1`)).body;
      const newer = await walk("after", around.prev_cursor);
      expect([oldest.content, ...newer.flatMap((page) => page.toReversed())]).toEqual(all.toReversed());
    });

    it("[BLOCK-4] neither stops the blocked user from writing nor tells it, also in a direct channel", async () => {
      const [ana, budi] = [await createUser(stack, "direct-a"), await createUser(stack, "direct-b")];
      await ana.put(`/v1/me/blocks/${budi.id}`);
      const direct = await key.post("/v1/channels", {
        type: "direct",
        member_external_ids: [ana.externalId, budi.externalId],
      });
      const sent = await budi.send(direct.body.id, "hello?");
      expect(sent.status).toBe(201);
      expect(await contents(budi, direct.body.id)).toEqual(["hello?"]);
      expect(await contents(ana, direct.body.id)).toEqual([]);
    });
  });

  it("[REPORT-1] a member reports a message once; its text of then stays with the report", async () => {
    const { member, channelId } = await createGroup(stack, "reports", 3);
    const [ana, budi, cici] = [member(0), member(1), member(2)];
    const message = (await budi.send(channelId, "something bad")).body as Message;
    const path = `/v1/channels/${channelId}/messages/${message.id}`;
    const filed = await cici.post(`${path}/report`, { reason: "harassment", note: "please look" });
    expect(filed).toMatchObject({ status: 201, body: { message_id: message.id, reason: "harassment" } });
    expect(await cici.post(`${path}/report`, { reason: "spam" })).toMatchObject({ status: 200, body: filed.body });
    await budi.patch(path, { content: "something nice" });
    await budi.delete(path);
    expect(codeOf(await ana.post(`${path}/report`, { reason: "spam" }))).toEqual([404, "NOT_FOUND"]);
    expect(await cici.post(`${path}/report`, { reason: "spam" })).toMatchObject({ status: 200, body: filed.body });
    const reports = (await key.get("/v1/moderation/reports?status=open")).body.reports as Report[];
    expect(reports.filter((one) => one.channel_id === channelId)).toMatchObject([
      {
        id: filed.body.id,
        reporter_id: cici.id,
        author_id: budi.id,
        status: "open",
        note: "please look",
        snapshot: { content: "something bad", seq: message.seq, type: "text", created_at: message.created_at },
      },
    ]);

    const stranger = await createUser(stack, "reports-stranger");
    expect(codeOf(await stranger.post(`${path}/report`, { reason: "spam" }))).toEqual([403, "NOT_A_MEMBER"]);
    expect(codeOf(await cici.post(`${path}/report`, { reason: "boring" }))).toEqual([400, "VALIDATION_ERROR"]);
    const nowhere = `/v1/channels/${channelId}/messages/${stranger.id}/report`;
    expect(codeOf(await cici.post(nowhere, { reason: "spam" }))).toEqual([404, "NOT_FOUND"]);
    expect((await key.post(`${path}/report`, { reason: "spam" })).status).toBe(403);
  });

  it("[REPORT-2] the workspace's server pages through reports and closes them, each closing once in the audit log", async () => {
    const { member, channelId } = await createGroup(stack, "reviews", 2);
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) {
      const message = (await member(0).send(channelId, `m ${n}`)).body as Message;
      const path = `/v1/channels/${channelId}/messages/${message.id}/report`;
      ids.unshift((await member(1).post(path, { reason: "spam" })).body.id);
    }
    const first = (await key.get("/v1/moderation/reports?limit=2")).body;
    const second = (await key.get(`/v1/moderation/reports?limit=1&cursor=${first.next_cursor}`)).body;
    expect([...first.reports, ...second.reports].map((one: Report) => one.id)).toEqual(ids);
    const [newest, middle] = ids;
    for (let n = 0; n < 2; n++) {
      const closed = await key.patch(`/v1/moderation/reports/${newest}`, { status: "resolved", note: "warned" });
      expect(closed.body).toMatchObject({ status: "resolved", resolution: "warned", closed_at: expect.any(String) });
    }
    await key.patch(`/v1/moderation/reports/${middle}`, { status: "dismissed" });
    const again = await key.patch(`/v1/moderation/reports/${middle}`, { status: "open" });
    expect(again.body).toMatchObject({ status: "open", closed_at: null });
    const resolved = (await key.get("/v1/moderation/reports?status=resolved")).body.reports;
    expect(resolved.map((one: Report) => one.id)).toEqual([newest]);
    const acts = (await audit()).filter((one) => one.channel_id === channelId);
    expect(acts.map(({ act, details }) => [act, details])).toEqual([
      ["report.reopened", { report_id: middle }],
      ["report.dismissed", { report_id: middle }],
      ["report.resolved", { report_id: newest, note: "warned" }],
    ]);
    expect(codeOf(await key.patch(`/v1/moderation/reports/${channelId}`, { status: "open" }))).toEqual([
      404,
      "NOT_FOUND",
    ]);
    expect(codeOf(await key.get(`/v1/moderation/audit?cursor=${first.next_cursor}`))).toEqual([
      400,
      "VALIDATION_ERROR",
    ]);
  });

  it("[AUDIT-2] pages through the log, newest first, without a hole and without a repeat", async () => {
    const whole = await audit();
    const paged: AuditEntry[] = [];
    for (let cursor = ""; ; ) {
      const { body } = await key.get(`/v1/moderation/audit?limit=7${cursor}`);
      paged.push(...body.entries);
      if (!body.has_more) break;
      cursor = `&cursor=${body.next_cursor}`;
    }
    expect(paged.slice(0, whole.length)).toEqual(whole);
    expect(new Set(paged.map(({ id }) => id)).size).toBe(paged.length);
  });
});
