import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ExportLine, exportLineSchema } from "../../src/protocol/export.ts";
import type { Message } from "../../src/protocol/message.ts";
import { Caller, createGroup, createUser, type TestUser, workspaceCaller } from "../support/group.ts";
import { openSocket } from "../support/socket.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";

type DataOf<Type extends ExportLine["type"]> = Extract<ExportLine, { type: Type }>["data"];

describe("privacy", () => {
  let stack: TestStack;
  let database: pg.Client;
  let key: Caller;

  const exported = async (path: string, authorization = stack.authorization): Promise<ExportLine[]> => {
    const response = await fetch(`${stack.baseUrl}${path}`, { headers: { authorization } });
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/x-ndjson"]);
    const text = await response.text();
    expect(text.endsWith("\n")).toBe(true);
    return text
      .trimEnd()
      .split("\n")
      .map((line) => exportLineSchema().parse(JSON.parse(line)));
  };
  const of = <Type extends ExportLine["type"]>(lines: ExportLine[], type: Type): DataOf<Type>[] =>
    lines.filter((line) => line.type === type).map((line) => line.data as DataOf<Type>);
  const upload = async (user: TestUser, bytes = new Uint8Array(100).fill(7)): Promise<string> => {
    const file = { filename: "secret.png", content_type: "image/png", size: bytes.length };
    const { body } = await user.post("/v1/attachments/presign", file);
    const put = await fetch(body.upload_url, { method: "PUT", body: bytes, headers: body.headers });
    expect(put.status).toBe(200);
    return body.public_url;
  };
  const fileStatus = async (url: string) => {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.status;
  };
  const until = async (what: string, check: () => Promise<boolean>, timeoutMs = 30_000) => {
    for (const end = Date.now() + timeoutMs; !(await check()); ) {
      if (Date.now() > end) throw new Error(`waited too long for ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const erase = (ref: string) => key.delete(`/v1/users/${ref}?messages=erase`);
  const erased = (id: string) =>
    until(`the erasure of ${id}`, async () => {
      const answer = await erase(id);
      expect([200, 202]).toContain(answer.status);
      return answer.body.state === "done";
    });

  beforeAll(async () => {
    stack = await startTestStack({
      env: {
        CARIOS_RATE_LIMIT_MESSAGES_PER_MINUTE: "100000",
        CARIOS_RATE_LIMIT_KEY_REQUESTS_PER_MINUTE: "100000",
        CARIOS_RATE_LIMIT_USER_REQUESTS_PER_MINUTE: "100000",
      },
    });
    database = new pg.Client({ connectionString: stack.databaseUrl });
    database.on("error", () => {});
    await database.connect();
    key = workspaceCaller(stack);
  });
  afterAll(async () => {
    await database.end();
    await stack.stop();
  });

  it("[PRIV-1] an export of the workspace holds everything that was acknowledged before it", async () => {
    const group = await createGroup(stack, "export", 3);
    const [ana, budi] = [group.member(0), group.member(1)];
    const sent: Message[] = [];
    for (let n = 0; n < 20; n++) sent.push((await ana.send(group.channelId, `export me ${n} 😀 "quoted"`)).body);
    const [first] = sent as [Message];
    await budi.put(`/v1/channels/${group.channelId}/messages/${first.id}/reactions/🎉`);
    const last: Message = (await budi.send(group.channelId, "the last one", { parent_id: first.id })).body;
    const lines = await exported("/v1/workspace/export");
    expect(lines.at(0)).toMatchObject({ type: "workspace", data: { id: stack.workspaceId } });
    expect(lines.at(-1)).toEqual({ type: "end", data: {} });
    const messages = of(lines, "message").filter((message) => message.channel_id === group.channelId);
    expect(messages.map((message) => message.id)).toEqual([...sent, last].map((message) => message.id));
    expect(messages.map((message) => message.seq)).toEqual(messages.map((_, index) => index + 1));
    expect(messages.at(-1)).toMatchObject({
      content: "the last one",
      parent_id: first.id,
      created_at: last.created_at,
    });
    const at = lines.findIndex((line) => line.type === "message" && line.data.id === first.id);
    expect(lines[at + 1]).toMatchObject({
      type: "reaction",
      data: { message_id: first.id, user_id: budi.id, emoji: "🎉" },
    });
    expect(of(lines, "user").map((user) => user.external_id)).toEqual(expect.arrayContaining(["export-0", "export-2"]));
    expect(of(lines, "channel")).toContainEqual(
      expect.objectContaining({ id: group.channelId, external_id: "export" }),
    );
    const members = of(lines, "member").filter((member) => member.channel_id === group.channelId);
    expect(members.map((member) => member.role).sort()).toEqual(["admin", "member", "member"]);
  });

  it("[PRIV-2] an export of a user holds what is the user's, and nothing of others", async () => {
    const group = await createGroup(stack, "own", 2);
    const [ana, budi] = [group.member(0), group.member(1)];
    const own: Message = (await ana.send(group.channelId, "mine")).body;
    const other: Message = (await budi.send(group.channelId, "not mine")).body;
    await ana.put(`/v1/channels/${group.channelId}/messages/${other.id}/reactions/👍`);
    const lines = await exported(`/v1/users/${ana.externalId}/export`);
    expect(of(lines, "user").map((user) => user.id)).toEqual([ana.id]);
    expect(of(lines, "message").map((message) => message.id)).toEqual([own.id]);
    expect(of(lines, "reaction")).toMatchObject([{ message_id: other.id, user_id: ana.id, emoji: "👍" }]);
    expect(of(lines, "channel").map((channel) => channel.id)).toEqual([group.channelId]);
    expect(of(lines, "member").map((member) => member.user_id)).toEqual([ana.id]);
    expect(lines.at(-1)?.type).toBe("end");
    expect((await key.get("/v1/users/nobody/export")).status).toBe(404);
    expect((await ana.get(`/v1/users/${ana.id}/export`)).status).toBe(403);
    expect((await key.get("/v1/workspace/export?cursor=x")).body.error.code).toBe("VALIDATION_ERROR");
  });

  it("[PRIV-3] an erased user is gone from history, search, store, profile and live view, at once where it can be seen", async () => {
    const group = await createGroup(stack, "erase", 3);
    const [ana, budi, citra] = [group.member(0), group.member(1), group.member(2)];
    const path = (message: Message, more = "") => `/v1/channels/${group.channelId}/messages/${message.id}${more}`;
    const watching = await openSocket(stack.baseUrl, citra.token);
    const hers = await openSocket(stack.baseUrl, ana.token);
    const { cursor } = watching;
    const secret: Message = (await ana.send(group.channelId, "the zanzibar secret", { idempotency_key: "erase-1" }))
      .body;
    const reply: Message = (
      await budi.send(group.channelId, "what?", { parent_id: secret.id, mentions: [ana.externalId] })
    ).body;
    expect([reply.quoted_message?.content, reply.mentions.length]).toEqual(["the zanzibar secret", 1]);
    await ana.put(path(reply, "/reactions/🎉"));
    const url = await upload(ana);
    await ana.send(group.channelId, "", { attachment_url: url, type: "image" });
    const shared = await upload(ana);
    await ana.send(group.channelId, "both show this", { attachment_url: shared });
    await budi.send(group.channelId, "this too", { attachment_url: shared });

    const answer = await erase(ana.externalId);
    expect([200, 202]).toContain(answer.status);
    await until("her socket's close frame", async () => hers.socket.readyState !== hers.socket.OPEN);
    hers.socket.terminate();
    expect(await hers.closed).toBe(4003);
    expect((await key.get(`/v1/users/${ana.externalId}`)).status).toBe(404);
    await erased(ana.id);
    expect((await erase(ana.id)).body).toEqual({ user_id: ana.id, state: "done", messages: 3 });
    expect((await erase(ana.externalId)).status).toBe(404);

    const deleted = await watching.waitFor("message.deleted", 3);
    expect(deleted.map((frame) => frame.data.message.content)).toEqual(["", "", ""]);
    await watching.waitFor("message.reaction.removed");
    const history: Message[] = (await citra.get(`/v1/channels/${group.channelId}/messages`)).body.messages;
    expect(JSON.stringify(history)).not.toMatch(/zanzibar|erase-0/);
    expect(
      history.filter((message) => message.user_id === ana.id).every((message) => message.deleted_at !== null),
    ).toBe(true);
    expect(history.find((message) => message.id === reply.id)).toMatchObject({
      mentions: [],
      reactions: [],
      quoted_message: { content: "", deleted: true },
    });
    expect((await citra.get("/v1/search?q=zanzibar")).body.results).toEqual([]);
    expect(await fileStatus(url)).toBe(404);
    expect(await fileStatus(shared)).toBe(200);
    const { rows } = await database.query(
      `select (select count(*)::int from users where id = $1) + (select count(*)::int from reactions where user_id = $1)
         + (select count(*)::int from mentions where user_id = $1) + (select count(*)::int from members where user_id = $1)
         + (select count(*)::int from messages where user_id = $1 and (content <> '' or client_id is not null)) as traces`,
      [ana.id],
    );
    expect(rows[0].traces).toBe(0);
    await watching.close();
    // Whoever was away meanwhile reads history; a replay could only show what is gone.
    const back = await openSocket(stack.baseUrl, citra.token);
    back.send({ type: "resume", data: { cursor } });
    await back.waitFor("resync");
    expect(JSON.stringify(back.frames)).not.toContain("zanzibar");
    await back.close();
    const page = (await exported(`/v1/users/${ana.id}/export`)).filter((line) => line.type === "message");
    expect(page.every((line) => line.data.content === "")).toBe(true);
  });

  it("[PRIV-4] an erasure that is interrupted goes on by itself; one for a user deleted before works too", async () => {
    const group = await createGroup(stack, "interrupted", 2);
    const ana = group.member(0);
    for (let n = 0; n < 1_200; n += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, i) => ana.send(group.channelId, `persimmon ${n + i}`)));
    }
    expect((await key.delete(`/v1/users/${ana.id}`)).status).toBe(204);
    const budi = group.member(1);
    const left = async (): Promise<number> => {
      const { rows } = await database.query(
        "select count(*)::int as n from messages where user_id = $1 and content <> ''",
        [ana.id],
      );
      return rows[0].n;
    };
    await until("the archive", async () => (await left()) === 1_200);
    expect((await erase(ana.id)).status).toBe(202);
    await stack.worker.kill();
    expect(await left()).toBeGreaterThan(0);
    await stack.worker.start();
    // Nobody calls: the hub's alarm does the rest.
    await until("the rest by alarm", async () => (await left()) === 0);
    await erased(ana.id);
    expect(await left()).toBe(0);
    expect((await budi.get("/v1/search?q=persimmon")).body.results).toEqual([]);
  });

  it("[PRIV-5] a workspace's retention ends old messages with their files, and keeps the rest", async () => {
    const group = await createGroup(stack, "retention", 2);
    const [ana, budi] = [group.member(0), group.member(1)];
    const url = await upload(ana);
    const old: Message = (await ana.send(group.channelId, "capybara of long ago", { attachment_url: url })).body;
    for (let n = 0; n < 4; n++) await ana.send(group.channelId, `capybara ${n}`);
    const fresh: Message = (await ana.send(group.channelId, "capybara of today")).body;
    expect((await budi.get("/v1/search?q=capybara")).body.results).toHaveLength(6);
    await database.query(
      "update messages set created_at = created_at - interval '40 days' where channel_id = $1 and seq < 6",
      [group.channelId],
    );
    expect((await key.patch("/v1/workspace", { settings: { retention_days: 30 } })).status).toBe(200);
    const history = async (): Promise<Message[]> =>
      (await budi.get(`/v1/channels/${group.channelId}/messages`)).body.messages;
    await until("retention", async () => (await history()).length === 1);
    expect((await history()).map((message) => [message.id, message.seq])).toEqual([[fresh.id, 6]]);
    expect((await budi.get(`/v1/channels/${group.channelId}/messages/${old.id}`)).status).toBe(404);
    expect((await budi.get("/v1/search?q=capybara")).body.results).toHaveLength(1);
    await until("the file's end", async () => (await fileStatus(url)) === 404);
    const { body: mine } = await budi.get("/v1/me/channels");
    expect(mine.channels.find((one: { id: string }) => one.id === group.channelId).unread_count).toBe(1);
    const next: Message = (await ana.send(group.channelId, "next")).body;
    expect(next.seq).toBe(7);
    expect((await key.patch("/v1/workspace", { settings: { retention_days: null } })).status).toBe(200);
  });

  it("[PRIV-6] an unsent message's file is removed from the store, unless another message shows it", async () => {
    const group = await createGroup(stack, "unsent-file", 1);
    const ana = group.member(0);
    const [url, shared] = [await upload(ana), await upload(ana)];
    const messages: Message[] = [];
    for (const attachment_url of [url, shared, shared]) {
      messages.push((await ana.send(group.channelId, "see", { attachment_url })).body);
    }
    for (const message of messages.slice(0, 2)) {
      expect((await ana.delete(`/v1/channels/${group.channelId}/messages/${message.id}`)).status).toBe(200);
    }
    await until("the file's end", async () => (await fileStatus(url)) === 404);
    expect(await fileStatus(shared)).toBe(200);
  });

  it("[PRIV-7] erasing and exporting are for the workspace's own server, and reach no other workspace", async () => {
    const user = await createUser(stack, "priv-user");
    expect((await user.delete(`/v1/users/${user.id}?messages=erase`)).status).toBe(403);
    expect((await user.get("/v1/workspace/export")).status).toBe(403);
    expect((await new Caller(stack.baseUrl, "").get("/v1/workspace/export")).status).toBe(401);
    const { createWorkspace } = await import("../../src/cli/workspaces.ts");
    const other = await createWorkspace(stack.databaseUrl, { name: "Other", mode: "test" });
    const stranger = new Caller(stack.baseUrl, `Bearer ${other.api_key}:${other.api_secret}`);
    expect((await stranger.delete(`/v1/users/${user.id}?messages=erase`)).status).toBe(404);
    expect((await stranger.get(`/v1/users/${user.id}/export`)).status).toBe(404);
    const lines = await exported("/v1/workspace/export", stranger.authorization);
    expect(lines.map((line) => line.type)).toEqual(["workspace", "end"]);
    expect((await key.delete(`/v1/users/${user.id}?messages=shred`)).body.error.code).toBe("VALIDATION_ERROR");
  });
});
