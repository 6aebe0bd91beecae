import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportTo } from "../../src/cli/export.ts";
import { type ImportOptions, importFile } from "../../src/cli/import.ts";
import { createWorkspace } from "../../src/cli/workspaces.ts";
import { readHistory } from "../../src/data/history.ts";
import type { Message } from "../../src/protocol/message.ts";
import { conversation } from "../support/conversations.ts";
import { Caller } from "../support/group.ts";
import { blocksOf, plansOf, statementOf } from "../support/plans.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";

interface Space extends Caller {
  workspaceId: string;
  /** The same API as one of its users. */
  as(ref: string): Promise<Caller>;
}

describe("import", () => {
  let stack: TestStack;
  let database: pg.Client;
  const file = (name: string) => path.join(stack.dataDir, name);
  const write = (name: string, lines: string[]) => fs.writeFileSync(file(name), `${lines.join("\n")}\n`);
  const space = async (): Promise<Space> => {
    const made = await createWorkspace(stack.databaseUrl, { name: "Imported", mode: "test" });
    const caller = new Caller(stack.baseUrl, `Bearer ${made.api_key}:${made.api_secret}`);
    const as = async (ref: string) => {
      const { body } = await caller.post(`/v1/users/${ref}/tokens`, {});
      return new Caller(stack.baseUrl, `Bearer ${body.token}`);
    };
    return Object.assign(caller, { workspaceId: made.workspace_id, as });
  };
  const load = (target: Space, name: string, more: Partial<ImportOptions> = {}) =>
    importFile({ databaseUrl: stack.databaseUrl, workspaceId: target.workspaceId, file: file(name), ...more });
  /** Lines of an export by the API, all its answers together. */
  const exported = async (target: Space): Promise<string[]> => {
    const lines: string[] = [];
    for (let query = ""; ; ) {
      const headers = { authorization: target.authorization };
      const response = await fetch(`${stack.baseUrl}/v1/workspace/export${query}`, { headers });
      const part = (await response.text()).trimEnd().split("\n");
      const last = JSON.parse(part.pop() ?? "");
      for (const line of part) lines.push(line);
      if (last.type === "end") return lines;
      expect(last.type).toBe("more");
      query = `?cursor=${last.data.cursor}`;
    }
  };
  /** What an import takes over, in an order of its own. */
  const canonical = (lines: string[]) => lines.filter((line) => !line.startsWith('{"type":"workspace"')).sort();
  const data = (lines: string[], type: string) =>
    lines.map((line) => JSON.parse(line)).flatMap((line) => (line.type === type ? [line.data] : []));

  beforeAll(async () => {
    stack = await startTestStack({
      env: {
        CARIOS_RATE_LIMIT_KEY_REQUESTS_PER_MINUTE: "1000000",
        CARIOS_RATE_LIMIT_USER_REQUESTS_PER_MINUTE: "1000000",
        CARIOS_RATE_LIMIT_MESSAGES_PER_MINUTE: "100000",
      },
    });
    database = new pg.Client({ connectionString: stack.databaseUrl });
    await database.connect();
  });
  afterAll(async () => {
    await database.end();
    await stack.stop();
  });

  it("[IMP-1] [HIST-5] 200,000 messages go in, and come out byte for byte", {
    timeout: 300_000,
  }, async () => {
    const made = conversation({ seed: 7, messages: 200_000 });
    write("large.ndjson", made.lines);
    const target = await space();
    const started = performance.now();
    const done = await load(target, "large.ndjson");
    console.log(`imported ${Math.round(made.messages / ((performance.now() - started) / 1000))} messages/s`);
    expect(done).toMatchObject({ messages: 200_000, reactions: made.reactions, orphans: 0, opened: 32 });

    const out = canonical(await exported(target));
    const input = canonical(made.lines);
    expect(out.length).toBe(input.length);
    expect(out.join("\n") === input.join("\n")).toBe(true);

    // Page through the deep channel as one of its members: each message once, newest first, as it was said.
    const said = data(made.lines, "message").filter((message) => message.channel_id === made.deepChannelId);
    const [member] = data(made.lines, "member").filter((one) => one.channel_id === made.deepChannelId);
    const user = await target.as(member.user_id);
    const paged: Message[] = [];
    for (let cursor = ""; ; ) {
      const { body } = await user.get(`/v1/channels/${made.deepChannelId}/messages?limit=100${cursor}`);
      paged.push(...body.messages);
      if (!body.has_more) break;
      cursor = `&before=${body.next_cursor}`;
    }
    expect(paged.length).toBe(said.length);
    const short = (message: Message) => [message.seq, message.id, message.content, message.created_at];
    expect(paged.reverse().map(short)).toEqual(said.map(short));

    // A page reads its own rows, however many the channel has.
    await database.query("vacuum analyze messages");
    for (const place of [{}, { before: 30_000 }, { after: 30_000 }]) {
      const request = { workspaceId: target.workspaceId, channel: "group-0", userId: undefined, limit: 50, ...place };
      const statement = await statementOf((db) => readHistory(db, request));
      await blocksOf(database, statement);
      expect(await blocksOf(database, statement)).toBeLessThan(600);
      // A session plans what is in the function once, and after that nothing but the call.
      const [first, ...others] = await plansOf(stack.databaseUrl, statement, 8);
      expect(first).toBeGreaterThan(2);
      expect(others).toEqual([1, 1, 1, 1, 1, 1, 1]);
    }
    // Search it: every message with the number, and nothing else.
    const numbered = said.find((message) => /\d{6}/.test(message.content));
    const number = /\d{6}/.exec(numbered.content)?.[0] ?? "";
    const { body: found } = await user.get(`/v1/channels/group-0/messages/search?q=${number}`);
    expect(found.results.map((one: { message: Message }) => one.message.id).sort()).toEqual(
      said
        .filter((message) => message.content.includes(number))
        .map((message) => message.id)
        .sort(),
    );
    const { body: common } = await user.get("/v1/search?q=bacaan&language=indonesian&limit=20");
    expect(common.results).toHaveLength(20);

    // Life goes on behind the imported messages.
    const next = await user.post(`/v1/channels/${made.deepChannelId}/messages`, { content: "hello from here" });
    expect([next.status, next.body.seq]).toEqual([201, said.length + 1]);
    expect((await load(target, "large.ndjson")).messages).toBe(0);
  });

  it("[IMP-2] an import that is killed goes on where it was, and repeating it changes nothing", {
    timeout: 120_000,
  }, async () => {
    const made = conversation({ seed: 8, messages: 15_000, people: 20, groups: 5, pairs: 3 });
    write("killed.ndjson", made.lines);
    const target = await space();
    const count = async () => {
      const { rows } = await database.query("select count(*)::int as n from messages where workspace_id = $1", [
        target.workspaceId,
      ]);
      return rows[0].n as number;
    };
    const args = [
      "import",
      file("killed.ndjson"),
      "--workspace",
      target.workspaceId,
      "--database-url",
      stack.databaseUrl,
    ];
    const child = spawn(process.execPath, ["src/cli/kabar.ts", ...args], { stdio: "ignore" });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    while ((await count()) === 0 && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill("SIGKILL");
    await ended;
    const half = await count();
    expect(half).toBeGreaterThan(0);
    expect(half).toBeLessThan(15_000);
    const done = await load(target, "killed.ndjson");
    expect([done.messages, done.resumedAt > 0]).toEqual([15_000 - half, true]);
    const out = await exported(target);
    expect(canonical(out).join("\n") === canonical(made.lines).join("\n")).toBe(true);
    // Also where the file is another one that says the same.
    write(
      "again.ndjson",
      [...made.lines].reverse().sort((a, b) => order(a) - order(b)),
    );
    const again = await load(target, "again.ndjson");
    expect(again).toMatchObject({ messages: 0, reactions: 0, opened: 0 });
    expect(await exported(target)).toEqual(out);
  });

  it("[IMP-3] an export is imported into another workspace, with ids of its own where they are taken", async () => {
    const made = conversation({ seed: 9, messages: 2_000, people: 10, groups: 3, pairs: 2 });
    write("source.ndjson", made.lines);
    const [source, copy] = [await space(), await space()];
    await load(source, "source.ndjson");
    const first = await exported(source);
    write("copy.ndjson", first);
    await load(copy, "copy.ndjson");
    const second = await exported(copy);
    const byContent = (lines: string[]) =>
      data(lines, "message")
        .map((one) => [one.content, one.created_at, one.seq])
        .sort();
    expect(byContent(second)).toEqual(byContent(first));
    const ids = (lines: string[]) => data(lines, "message").map((one) => one.id);
    expect(ids(second).filter((id) => ids(first).includes(id))).toEqual([]);
    const known = new Set(ids(second));
    for (const type of ["parent_id", "thread_root_id"]) {
      const refs = data(second, "message").flatMap((one) => one[type] ?? []);
      expect(refs.length).toBe(data(first, "message").filter((one) => one[type] !== null).length);
      expect(refs.every((id) => known.has(id))).toBe(true);
    }
    expect(data(second, "reaction").length).toBe(made.reactions);
  });

  it("[IMP-4] a file of another system: any ids, only what it knows, and channels in use are left alone", async () => {
    const target = await space();
    const at = (n: number) => `2020-05-01T10:00:0${n}.000Z`;
    const lines = [
      { type: "user", data: { id: "U1", name: "Ana", created_at: at(0) } },
      { type: "user", data: { id: "U2", external_id: "budi", name: "Budi", created_at: at(0) } },
      {
        type: "channel",
        data: { id: "C1", external_id: "general", type: "group", name: "General", created_at: at(0) },
      },
      { type: "channel", data: { id: "D1", type: "direct", created_at: at(0) } },
      ...["C1", "D1"].flatMap((channel_id) =>
        ["U1", "U2"].map((user_id) => ({ type: "member", data: { channel_id, user_id, joined_at: at(0) } })),
      ),
      { type: "message", data: { id: "M1", channel_id: "C1", user_id: "U1", content: "first", created_at: at(1) } },
      {
        type: "message",
        data: { id: "M2", channel_id: "C1", user_id: "U2", content: "re", parent_id: "M1", created_at: at(2) },
      },
      {
        type: "message",
        data: {
          id: "M3",
          channel_id: "C1",
          user_id: "U2",
          content: "in thread",
          thread_root_id: "M1",
          created_at: at(3),
        },
      },
      { type: "message", data: { id: "M4", channel_id: "D1", user_id: "gone", content: "psst", created_at: at(3) } },
      { type: "reaction", data: { message_id: "M1", user_id: "U2", emoji: "👍", created_at: at(4) } },
      { type: "reaction", data: { message_id: "lost", user_id: "U2", emoji: "👍", created_at: at(4) } },
    ].map((line) => JSON.stringify(line));
    write("foreign.ndjson", lines);

    // Held back, the channels are nobody's yet; a hub that was asked for one does not learn it.
    expect(await load(target, "foreign.ndjson", { hold: true })).toMatchObject({
      messages: 4,
      reactions: 1,
      orphans: 1,
      opened: 0,
    });
    const budi = await target.as("budi");
    expect((await budi.post("/v1/channels/general/messages", { content: "too early" })).status).toBe(404);
    expect((await budi.get("/v1/me/channels")).body.channels).toEqual([]);
    expect((await exported(target)).filter((line) => line.includes("first"))).toEqual([]);
    const more = { id: "M5", channel_id: "C1", user_id: "U1", content: "second file", created_at: at(5) };
    write("more.ndjson", [...lines.slice(0, 4), JSON.stringify({ type: "message", data: more })]);
    expect(await load(target, "more.ndjson")).toMatchObject({ messages: 1, opened: 2 });

    const { messages } = (await budi.get("/v1/channels/general/messages")).body;
    expect(messages.map((one: Message) => [one.seq, one.content, one.created_at])).toEqual([
      [4, "second file", at(5)],
      [3, "in thread", at(3)],
      [2, "re", at(2)],
      [1, "first", at(1)],
    ]);
    expect(messages[2].quoted_message).toMatchObject({ content: "first", user_name: "Ana" });
    expect(messages[3]).toMatchObject({
      reply_count: 1,
      reactions: [{ emoji: "👍", count: 1 }],
      user: { external_id: "U1" },
    });
    const { channels } = (await budi.get("/v1/me/channels")).body;
    expect(
      channels
        .map((one: { type: string; unread_count: number; member_count: number }) => [
          one.type,
          one.unread_count,
          one.member_count,
        ])
        .sort(),
    ).toEqual([
      ["direct", 0, 2],
      ["group", 0, 2],
    ]);
    const direct = await target.post("/v1/channels", { type: "direct", member_external_ids: ["budi", "U1"] });
    expect([direct.status, direct.body.id]).toEqual([
      200,
      channels.find((one: { type: string }) => one.type === "direct").id,
    ]);
    expect((await budi.post("/v1/channels/general/messages", { content: "now" })).body.seq).toBe(5);

    write("late.ndjson", [...lines.slice(0, 4), JSON.stringify({ type: "message", data: { ...more, id: "M6" } })]);
    await expect(load(target, "late.ndjson")).rejects.toThrow("line 5: channel C1 is in use");
    expect((await budi.post("/v1/channels/general/messages", { content: "undisturbed" })).body.seq).toBe(6);
  });

  it("[IMP-5] what cannot be imported is named by its line, and nothing of its batch stays", async () => {
    const target = await space();
    const user = JSON.stringify({
      type: "user",
      data: { id: "U1", name: "Ana", created_at: "2020-05-01T10:00:00.000Z" },
    });
    const message = { id: "M", channel_id: "C", user_id: "U1", content: "x", created_at: "2020-05-01T10:00:00.000Z" };
    const cases: [string, string][] = [
      ["{", "line 2 is no JSON"],
      ['{"type":"meeting","data":{}}', "line 2: type"],
      [JSON.stringify({ type: "message", data: message }), "line 2: there is no channel C"],
      [JSON.stringify({ type: "message", data: { ...message, created_at: "yesterday" } }), "line 2: data.created_at"],
      [JSON.stringify({ type: "message", data: { ...message, content: "a\0b" } }), "line 2: data.content"],
      [
        JSON.stringify({ type: "member", data: { channel_id: "C", user_id: "U1", joined_at: message.created_at } }),
        "line 2: there is no channel C",
      ],
    ];
    for (const [line, complaint] of cases) {
      write("bad.ndjson", [user, line]);
      await expect(load(target, "bad.ndjson")).rejects.toThrow(complaint);
    }
    expect((await target.get("/v1/users")).body.users).toEqual([]);
    const nobody = { databaseUrl: stack.databaseUrl, workspaceId: crypto.randomUUID(), file: file("bad.ndjson") };
    await expect(importFile(nobody)).rejects.toThrow("no such workspace");
  });

  it("[IMP-6] the command line exports what the API exports", async () => {
    const target = await space();
    const made = conversation({ seed: 10, messages: 500, people: 8, groups: 2, pairs: 1 });
    write("small.ndjson", made.lines);
    await load(target, "small.ndjson");
    const out = fs.createWriteStream(file("out.ndjson"));
    await exportTo(stack.databaseUrl, target.workspaceId, out);
    await new Promise<void>((resolve) => out.end(() => resolve()));
    const text = fs.readFileSync(file("out.ndjson"), "utf8");
    expect(text).toBe(`${[...(await exported(target)), '{"type":"end","data":{}}'].join("\n")}\n`);
  });
});

/** People and channels before what names them. */
function order(line: string): number {
  return ["user", "channel", "member", "message", "reaction"].findIndex((type) => line.startsWith(`{"type":"${type}"`));
}
