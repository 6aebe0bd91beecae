import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { updateChannel } from "../../src/data/channels.ts";
import { openDatabase } from "../../src/data/db.ts";
import { addMembers, removeMembers, setRole } from "../../src/data/members.ts";
import { channelSchema } from "../../src/protocol/channel.ts";
import { memberSchema } from "../../src/protocol/member.ts";
import { userSchema } from "../../src/protocol/user.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";
import { errorOf, keyClient, newGroup, newPerson, type Person, type RestClient } from "./rest-client.ts";

let stack: TestStack;
let key: RestClient;
let db: pg.Client;
let ayu: Person;
let bima: Person;
let cici: Person;

beforeAll(async () => {
  stack = await startTestStack();
  key = keyClient(stack);
  db = new pg.Client(stack.databaseUrl);
  await db.connect();
  [ayu, bima, cici] = await Promise.all([newPerson(key, "ayu"), newPerson(key, "bima"), newPerson(key, "cici")]);
});
afterAll(async () => {
  await db?.end();
  await stack?.stop();
});

const invalid = [400, "VALIDATION_ERROR"];
let serial = 0;
const fresh = (): string => `channel-${++serial}`;

async function versionOf(channel: string): Promise<{ version: number; count: number; rows: number }> {
  const { rows } = await db.query(
    "select version::int, member_count as count, (select count(*)::int from members where channel_id = c.id) as rows from channels c where id = $1",
    [channel],
  );
  return rows[0];
}

async function rolesOf(channel: string): Promise<Record<string, string>> {
  const { body } = await key.get(`/v1/channels/${channel}/members`);
  return Object.fromEntries(
    body.members.map((member: { user: { id: string }; role: string }) => [member.user.id, member.role]),
  );
}

describe("users", () => {
  it("[USER-1] upsert creates, then changes only what is given", async () => {
    const external_id = fresh();
    const first = await key.post("/v1/users", { external_id, name: "Satu", metadata: { city: "Solo" } });
    expect(first.status).toBe(201);
    userSchema().parse(first.body);
    const again = await key.call("PUT", "/v1/users", { external_id, name: "Satu" });
    expect([again.status, again.body]).toEqual([200, first.body]);
    const changed = await key.post("/v1/users", { external_id, avatar_url: "https://a.example/x.png" });
    expect(changed.body).toMatchObject({
      name: "Satu",
      metadata: { city: "Solo" },
      avatar_url: "https://a.example/x.png",
    });
    expect((await key.post("/v1/users", { external_id, avatar_url: null })).body.avatar_url).toBeNull();
    const many = await Promise.all(
      Array.from({ length: 8 }, () => key.post("/v1/users", { external_id: `${external_id}-many` })),
    );
    expect(many.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(new Set(many.map(({ body }) => body.id)).size).toBe(1);
  });

  it("[USER-2] are found by both ids and listed once each", async () => {
    expect((await key.get(`/v1/users/${ayu.id}`)).body).toEqual((await key.get(`/v1/users/${ayu.externalId}`)).body);
    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const { body } = await key.get(`/v1/users?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`);
      expect(body.has_more).toBe(body.next_cursor !== null);
      seen.push(...body.users.map((user: { id: string }) => user.id));
      cursor = body.next_cursor;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual([...seen].sort());
    expect(seen).toEqual(expect.arrayContaining([ayu.id, bima.id, cici.id]));
  });

  it("[USER-2] an external id that needs escaping in a path", async () => {
    for (const external_id of ["a/b c", "100%", "%2F", "日本語", "user@example.com"]) {
      await key.post("/v1/users", { external_id });
      expect((await key.get(`/v1/users/${encodeURIComponent(external_id)}`)).body.external_id).toBe(external_id);
    }
  });

  it("[USER-3] deleting one removes memberships, keeps messages, promotes a successor", async () => {
    const dewi = await newPerson(key, "dewi");
    const channel = await newGroup(key, [dewi, ayu, bima]);
    const before = await versionOf(channel);
    const sent = await dewi.api.post(`/v1/channels/${channel}/messages`, { content: "stays" });
    expect(sent.status).toBe(201);
    expect((await key.delete(`/v1/users/${dewi.externalId}`)).status).toBe(204);
    expect(errorOf(await key.delete(`/v1/users/${dewi.id}`))).toEqual([404, "NOT_FOUND"]);
    expect(await versionOf(channel)).toEqual({ version: before.version + 1, count: 2, rows: 2 });
    expect(Object.values(await rolesOf(channel)).filter((role) => role === "admin")).toHaveLength(1);
    const { body } = await ayu.api.get(`/v1/channels/${channel}/messages`);
    expect(body.messages[0]).toMatchObject({
      content: "stays",
      user_id: dewi.id,
      user: { id: dewi.id, external_id: null },
    });
    expect(errorOf(await dewi.api.get("/v1/me"))).toEqual([401, "UNAUTHORIZED"]);
    expect(errorOf(await dewi.api.post(`/v1/channels/${channel}/messages`, { content: "x" }))[0]).toBe(403);
  });

  it("[USER-4] text comes back as it was sent", async () => {
    for (const name of [
      "👩‍👩‍👧‍👦 keluarga",
      "مرحبا بالعالم",
      "שלום",
      "𠜎𠜱 𝔘",
      "a\u200bb",
      "'; drop table users; --",
      "\u202Eabc",
    ]) {
      const external_id = fresh();
      const { body } = await key.post("/v1/users", { external_id, name, metadata: { [name]: name } });
      expect(body).toMatchObject({ name, metadata: { [name]: name } });
      expect((await key.get(`/v1/users/${external_id}`)).body).toEqual(body);
    }
  });
});

describe("direct channels", () => {
  it("[CHAN-1] one per pair, whichever order and id", async () => {
    const first = await key.post("/v1/channels", {
      type: "direct",
      member_external_ids: [ayu.externalId, bima.externalId],
    });
    expect(first.status).toBe(201);
    expect(channelSchema().parse(first.body)).toMatchObject({ type: "direct", member_count: 2 });
    const second = await key.post("/v1/channels", { type: "direct", member_external_ids: [bima.id, ayu.id] });
    expect([second.status, second.body.id]).toEqual([200, first.body.id]);
    for (const member_external_ids of [[ayu.id], [ayu.id, ayu.externalId], [ayu.id, bima.id, cici.id], []]) {
      expect(errorOf(await key.post("/v1/channels", { type: "direct", member_external_ids }))).toEqual(invalid);
    }
  });

  it("[MEM-1] [MEM-2] keep their two people", async () => {
    const { body } = await key.post("/v1/channels", { type: "direct", member_external_ids: [ayu.id, bima.id] });
    for (const api of [key, ayu.api]) {
      const refused = await api.post(`/v1/channels/${body.id}/members`, { user_ids: [cici.externalId] });
      expect(["VALIDATION_ERROR", "FORBIDDEN"]).toContain(errorOf(refused)[1]);
      expect(errorOf(await api.delete(`/v1/channels/${body.id}/members/${ayu.id}`))).toEqual(invalid);
    }
    expect(errorOf(await key.post(`/v1/channels/${body.id}/members`, { user_ids: [cici.externalId] }))).toEqual(
      invalid,
    );
    expect(errorOf(await key.patch(`/v1/channels/${body.id}/members/${ayu.id}`, { role: "admin" }))).toEqual(invalid);
    const roles = Object.values(await rolesOf(body.id));
    expect(roles).toEqual([null, null]);
  });
});

describe("groups", () => {
  it("[CHAN-2] need an external id; the creator is added and is the admin", async () => {
    expect(errorOf(await key.post("/v1/channels", { type: "group", member_external_ids: [ayu.id] }))).toEqual(invalid);
    const body = {
      type: "group",
      external_id: fresh(),
      member_external_ids: [bima.externalId],
      created_by: ayu.externalId,
    };
    const made = await key.post("/v1/channels", body);
    expect(made.body).toMatchObject({ created_by: ayu.id, member_count: 2 });
    expect(await rolesOf(made.body.id)).toEqual({ [ayu.id]: "admin", [bima.id]: "member" });
    const leaderless = await key.post("/v1/channels", {
      type: "group",
      external_id: fresh(),
      member_external_ids: [bima.id, bima.externalId],
    });
    expect(await rolesOf(leaderless.body.id)).toEqual({ [bima.id]: "member" });
    expect(leaderless.body.member_count).toBe(1);
  });

  it("[CHAN-3] an external id in use: the same body gets the channel, another 409", async () => {
    const body = { type: "group", external_id: fresh(), name: "A", member_external_ids: [ayu.id, bima.id] };
    const first = await key.post("/v1/channels", body);
    const same = await key.post("/v1/channels", body);
    expect([same.status, same.body]).toEqual([200, first.body]);
    expect((await key.post("/v1/channels", { ...body, member_external_ids: [ayu.id] })).status).toBe(200);
    for (const other of [
      { name: "B" },
      { avatar_url: "https://a.example/b.png" },
      { member_external_ids: [cici.id] },
    ]) {
      expect(errorOf(await key.post("/v1/channels", { ...body, ...other }))).toEqual([409, "CONFLICT"]);
    }
    const direct = { type: "direct", external_id: body.external_id, member_external_ids: [bima.id, cici.id] };
    expect(errorOf(await key.post("/v1/channels", direct))).toEqual([409, "CONFLICT"]);
  });

  it("[CHAN-4] unknown members are named by path", async () => {
    const body = { type: "group", external_id: fresh(), member_external_ids: [ayu.id, "ghost"], created_by: "phantom" };
    const answer = await key.post("/v1/channels", body);
    expect(errorOf(answer)).toEqual(invalid);
    expect(answer.body.error.details.map((detail: { path: string }) => detail.path)).toEqual([
      "member_external_ids.1",
      "created_by",
    ]);
    expect(errorOf(await key.get(`/v1/channels/${body.external_id}`))).toEqual([404, "NOT_FOUND"]);
  });

  it("[CHAN-5] only the key and admins change name and picture", async () => {
    const channel = await newGroup(key, [ayu, bima]);
    const { version } = await versionOf(channel);
    const change = { name: "Renamed", avatar_url: "https://a.example/g.png" };
    expect(errorOf(await bima.api.patch(`/v1/channels/${channel}`, change))).toEqual([403, "FORBIDDEN"]);
    expect(errorOf(await cici.api.patch(`/v1/channels/${channel}`, change))).toEqual([403, "NOT_A_MEMBER"]);
    expect((await ayu.api.patch(`/v1/channels/${channel}`, change)).body).toMatchObject(change);
    expect((await key.patch(`/v1/channels/${channel}`, change)).body).toMatchObject(change);
    expect((await versionOf(channel)).version).toBe(version + 1);
    expect((await key.patch(`/v1/channels/${channel}`, { avatar_url: null })).body).toMatchObject({
      name: "Renamed",
      avatar_url: null,
    });
  });

  it("[CHAN-6] a deleted one is gone, and its external id is free", async () => {
    const body = { type: "group", external_id: fresh(), member_external_ids: [ayu.id] };
    const first = await key.post("/v1/channels", body);
    expect((await key.delete(`/v1/channels/${body.external_id}`)).status).toBe(204);
    expect((await key.delete(`/v1/channels/${first.body.id}`)).status).toBe(204);
    expect(errorOf(await key.get(`/v1/channels/${first.body.id}`))).toEqual([404, "NOT_FOUND"]);
    expect(errorOf(await ayu.api.post(`/v1/channels/${first.body.id}/messages`, { content: "x" }))).toEqual([
      404,
      "NOT_FOUND",
    ]);
    const second = await key.post("/v1/channels", body);
    expect(second.status).toBe(201);
    expect(second.body.id).not.toBe(first.body.id);
    expect(errorOf(await key.delete("/v1/channels/never-there"))).toEqual([404, "NOT_FOUND"]);
  });

  it("[CHAN-7] many creations at once make one", async () => {
    const group = { type: "group", external_id: fresh(), member_external_ids: [ayu.id, bima.id] };
    const dewi = await newPerson(key, "dewi");
    const pairs = [
      [dewi.id, ayu.id],
      [ayu.id, dewi.id],
    ];
    const direct = (turn: number) => ({ type: "direct", member_external_ids: pairs[turn % 2] });
    for (const bodyOf of [() => group, direct]) {
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, turn) => key.post("/v1/channels", bodyOf(turn))),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([...Array(9).fill(200), 201]);
      expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    }
  });

  it("[CHAN-8] strangers get NOT_A_MEMBER everywhere", async () => {
    const channel = await newGroup(key, [ayu]);
    for (const path of ["", "/members", "/messages"]) {
      expect(errorOf(await bima.api.get(`/v1/channels/${channel}${path}`)), path).toEqual([403, "NOT_A_MEMBER"]);
    }
    for (const path of ["/messages", "/read", "/delivered"]) {
      expect(errorOf(await bima.api.post(`/v1/channels/${channel}${path}`, { content: "x" })), path).toEqual([
        403,
        "NOT_A_MEMBER",
      ]);
    }
    expect(errorOf(await bima.api.post(`/v1/channels/${channel}/members`, { user_ids: [bima.id] }))).toEqual([
      403,
      "NOT_A_MEMBER",
    ]);
  });
});

describe("members", () => {
  it("[MEM-1] are added by the key and admins, once", async () => {
    const channel = await newGroup(key, [ayu]);
    const { version } = await versionOf(channel);
    const added = await ayu.api.post(`/v1/channels/${channel}/members`, {
      user_ids: [bima.externalId, bima.id, ayu.id],
    });
    expect(added.status).toBe(200);
    expect(added.body.members.map((member: unknown) => memberSchema().parse(member).user.id).sort()).toEqual(
      [ayu.id, bima.id].sort(),
    );
    expect(await versionOf(channel)).toEqual({ version: version + 1, count: 2, rows: 2 });
    await key.post(`/v1/channels/${channel}/members`, { user_ids: [bima.id] });
    expect((await versionOf(channel)).version).toBe(version + 1);
    expect(errorOf(await bima.api.post(`/v1/channels/${channel}/members`, { user_ids: [cici.id] }))).toEqual([
      403,
      "FORBIDDEN",
    ]);
    expect(errorOf(await key.post(`/v1/channels/${channel}/members`, { user_ids: ["ghost", cici.id] }))).toEqual(
      invalid,
    );
    expect((await versionOf(channel)).rows).toBe(2);
    expect((await bima.api.post(`/v1/channels/${channel}/messages`, { content: "in" })).status).toBe(201);
  });

  it("[MEM-2] leave, twice too, and remove nobody else", async () => {
    const channel = await newGroup(key, [ayu, bima, cici]);
    expect(errorOf(await bima.api.delete(`/v1/channels/${channel}/members/${cici.id}`))).toEqual([403, "FORBIDDEN"]);
    expect(errorOf(await bima.api.delete(`/v1/channels/${channel}/members`, { user_ids: [cici.id, bima.id] }))).toEqual(
      [403, "FORBIDDEN"],
    );
    for (let turn = 0; turn < 2; turn++) {
      expect((await bima.api.delete(`/v1/channels/${channel}/members/${bima.externalId}`)).status).toBe(204);
    }
    expect(errorOf(await bima.api.post(`/v1/channels/${channel}/messages`, { content: "x" }))).toEqual([
      403,
      "NOT_A_MEMBER",
    ]);
    for (let turn = 0; turn < 2; turn++) {
      expect((await ayu.api.delete(`/v1/channels/${channel}/members`, { user_ids: [cici.externalId] })).status).toBe(
        204,
      );
    }
    expect(await versionOf(channel)).toMatchObject({ version: 3, count: 1, rows: 1 });
    expect(errorOf(await key.delete(`/v1/channels/${channel}/members/ghost`))).toEqual([404, "NOT_FOUND"]);
  });

  it("[MEM-3] a group keeps an admin", async () => {
    const channel = await newGroup(key, [ayu, bima]);
    await key.post(`/v1/channels/${channel}/members`, { user_ids: [cici.id] });
    expect(errorOf(await ayu.api.patch(`/v1/channels/${channel}/members/${ayu.id}`, { role: "member" }))).toEqual([
      409,
      "CONFLICT",
    ]);
    expect((await ayu.api.patch(`/v1/channels/${channel}/members/${cici.id}`, { role: "admin" })).body.role).toBe(
      "admin",
    );
    expect((await ayu.api.patch(`/v1/channels/${channel}/members/${ayu.id}`, { role: "member" })).body.role).toBe(
      "member",
    );
    expect(errorOf(await ayu.api.patch(`/v1/channels/${channel}/members/${bima.id}`, { role: "admin" }))).toEqual([
      403,
      "FORBIDDEN",
    ]);
    await cici.api.delete(`/v1/channels/${channel}/members/${cici.id}`);
    const roles = await rolesOf(channel);
    const successor = [ayu.id, bima.id].sort()[0] ?? "";
    expect(roles[successor]).toBe("admin");
    expect(Object.values(roles).sort()).toEqual(["admin", "member"]);
  });

  it("[MEM-3] two admins who demote themselves at once leave one", async () => {
    const channel = await newGroup(key, [ayu, bima]);
    await key.patch(`/v1/channels/${channel}/members/${bima.id}`, { role: "admin" });
    const answers = await Promise.all(
      [ayu, bima].map((person) => person.api.patch(`/v1/channels/${channel}/members/${person.id}`, { role: "member" })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(Object.values(await rolesOf(channel)).sort()).toEqual(["admin", "member"]);
  });

  it("[MEM-4] versions stay serial and counts right under many changes at once", async () => {
    const channel = await newGroup(key, [ayu]);
    const people = await Promise.all(Array.from({ length: 6 }, () => newPerson(key, "crowd")));
    const path = `/v1/channels/${channel}/members`;
    const added = await Promise.all(
      people.flatMap((person) => [1, 2].map(() => key.post(path, { user_ids: [person.id] }))),
    );
    expect(added.every(({ status }) => status === 200)).toBe(true);
    expect(await versionOf(channel)).toEqual({ version: 7, count: 7, rows: 7 });
    const changes = people.map((person, turn) =>
      turn % 2 === 0 ? key.delete(`${path}/${person.id}`) : key.delete(`/v1/users/${person.id}`),
    );
    expect((await Promise.all(changes)).map(({ status }) => status)).toEqual(Array(6).fill(204));
    expect(await versionOf(channel)).toEqual({ version: 13, count: 1, rows: 1 });
  });

  it("[MEM-6] rights that were taken away in between stop a change", async () => {
    const channel = await newGroup(key, [ayu, bima]);
    const store = openDatabase({
      databaseUrl: stack.vars.DATABASE_URL ?? "",
      neonFetchEndpoint: stack.vars.NEON_FETCH_ENDPOINT,
    });
    const rights = { userId: bima.id, role: "admin" } as const;
    const target = { workspaceId: stack.workspaceId, channelId: channel, rights };
    const before = await versionOf(channel);
    expect((await addMembers(store, target, [cici.id])).write).toBeUndefined();
    expect((await removeMembers(store, target, [ayu.id])).write).toBeUndefined();
    expect((await setRole(store, target, ayu.id, "member")).write).toBeUndefined();
    expect(await updateChannel(store, stack.workspaceId, channel, { name: "x" }, rights)).toBeUndefined();
    expect(await versionOf(channel)).toEqual(before);
  });

  it("[MEM-5] are listed in pages, once each", async () => {
    const channel = await newGroup(key, [ayu, bima, cici]);
    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const { body } = await ayu.api.get(
        `/v1/channels/${channel}/members?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`,
      );
      seen.push(...body.members.map((member: { user: { id: string } }) => member.user.id));
      cursor = body.next_cursor;
    }
    expect(seen.sort()).toEqual([ayu.id, bima.id, cici.id].sort());
  });
});
