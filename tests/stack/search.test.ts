import { PgDialect } from "drizzle-orm/pg-core";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { searchStatement } from "../../src/data/search.ts";
import { headlineMarks } from "../../src/domain/highlights.ts";
import type { Message } from "../../src/protocol/message.ts";
import { type SearchPage, type SearchResult, searchPageSchema } from "../../src/protocol/search.ts";
import { type Caller, createGroup, createUser, workspaceCaller } from "../support/group.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";

describe("search", () => {
  let stack: TestStack;
  let database: pg.Client;
  let group: Awaited<ReturnType<typeof createGroup>>;

  const sent = async (index: number, content: string, more = {}): Promise<Message> =>
    (await group.member(index).send(group.channelId, content, more)).body;
  const search = async (caller: Caller, query: Record<string, string>, channel?: string): Promise<SearchPage> => {
    const path = channel === undefined ? "/v1/search" : `/v1/channels/${channel}/messages/search`;
    const answer = await caller.get(`${path}?${new URLSearchParams(query)}`);
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    return searchPageSchema().parse(answer.body);
  };
  const texts = (page: SearchPage) => page.results.map((result) => result.message.content);
  const marked = ({ highlights }: SearchResult) =>
    highlights.flatMap(({ text, ranges }) => ranges.map(({ start, end }) => text.slice(start, end)));

  beforeAll(async () => {
    stack = await startTestStack({ env: { CARIOS_RATE_LIMIT_MESSAGES_PER_MINUTE: "100000" } });
    database = new pg.Client({ connectionString: stack.databaseUrl });
    await database.connect();
    group = await createGroup(stack, "search", 3);
  });
  afterAll(async () => {
    await database.end();
    await stack.stop();
  });

  it("[SRCH-1] finds what was acknowledged a moment ago, in one channel and in all of one's own", async () => {
    for (let n = 0; n < 5; n++) {
      const message = await sent(0, `the harbour opens at ${n} quickly`);
      const [result] = (await search(group.member(1), { q: `harbour ${n}` }, group.channelId)).results;
      expect(result?.message).toEqual(
        (await group.member(1).get(`/v1/channels/${group.channelId}/messages/${message.id}`)).body,
      );
      expect(texts(await search(group.member(1), { q: `harbour ${n}` }))).toEqual([message.content]);
    }
  });

  it("[HIST-12] in a channel where others keep writing, every read answers, with what was acknowledged before", async () => {
    const reader = group.member(1);
    let isOver = false;
    const writing = [0, 2].map(async (index) => {
      while (!isOver) await sent(index, "and on it goes");
    });
    const first = await sent(1, "the beginning");
    const path = `/v1/channels/${group.channelId}/messages`;
    try {
      for (let n = 0; n < 12; n++) {
        const { id, content } = await sent(1, `landmark ${n}`);
        const answers = await Promise.all([
          reader.get(`${path}/${id}`),
          reader.get(`${path}?around=${id}&limit=5`),
          reader.get(`${path}?around=${first.id}&limit=5`),
          reader.get(`/v1/search?${new URLSearchParams({ q: content })}`),
          reader.get(`${path}/search?${new URLSearchParams({ q: content })}`),
        ]);
        expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
        for (const found of answers.slice(3)) {
          expect(
            searchPageSchema()
              .parse(found.body)
              .results.map(({ message }) => message.id),
          ).toContain(id);
        }
      }
    } finally {
      isOver = true;
      await Promise.all(writing);
    }
  });

  it("[SRCH-2] compares words exactly, or by their English or Indonesian stems", async () => {
    await sent(0, "she was running late");
    await sent(1, "mereka sedang membaca buku");
    const found = async (q: string, language?: string) =>
      texts(await search(group.member(2), { q, ...(language === undefined ? {} : { language }) }, "search"));
    expect(await found("runs")).toEqual([]);
    expect(await found("run", "simple")).toEqual([]);
    expect(await found("RUNNING", "simple")).toEqual(["she was running late"]);
    expect(await found("runs", "english")).toEqual(["she was running late"]);
    expect(await found("bacaan", "indonesian")).toEqual(["mereka sedang membaca buku"]);
    expect(await found("bacaan", "english")).toEqual([]);
  });

  it("[SRCH-3] understands phrases, alternatives and exclusions", async () => {
    const words = ["quokka alpha beta", "quokka beta alpha", "quokka gamma"];
    for (const text of words) await sent(0, text);
    const found = async (q: string) => texts(await search(group.member(0), { q })).sort();
    expect(await found('quokka "alpha beta"')).toEqual(["quokka alpha beta"]);
    expect(await found("quokka -gamma")).toEqual(["quokka alpha beta", "quokka beta alpha"]);
    expect(await found('"beta alpha" or gamma')).toEqual(["quokka beta alpha", "quokka gamma"]);
  });

  it("[SRCH-4] ranks the better match first and marks the words, whatever the message contains", async () => {
    const plain = await sent(0, "zebra once");
    const rich = await sent(0, "zebra zebra zebra");
    const { results } = await search(group.member(0), { q: "zebra" });
    expect(results.map(({ message }) => message.id)).toEqual([rich.id, plain.id]);
    expect(results[0]?.rank).toBeGreaterThan(results[1]?.rank ?? 1);
    expect(results.map(marked)).toEqual([["zebra", "zebra", "zebra"], ["zebra"]]);

    await sent(0, `<mark>evil</mark> [[x+ 😀 <img src=x onerror=1> okapi and "more" 'quotes' -]] مرحبا`);
    const [odd] = (await search(group.member(0), { q: "okapi" })).results;
    expect(odd === undefined ? undefined : marked(odd)).toEqual(["okapi"]);
    const long = `${"filler words here ".repeat(80)}axolotl ${"and more words ".repeat(80)}axolotl`;
    await sent(0, long);
    const [deep] = (await search(group.member(0), { q: "axolotl" })).results;
    expect(deep === undefined ? undefined : marked(deep)).toEqual(["axolotl", "axolotl"]);
    expect(deep?.highlights.every(({ text }) => text.length < 300)).toBe(true);
  });

  it("[SRCH-5] filters by channel, author, time and attachment", async () => {
    const other = await createGroup(stack, "search-other", 1);
    const ana = group.member(0);
    const first = await sent(0, "filterable one");
    const url = `${stack.vars.CARIOS_S3_PUBLIC_URL}/${stack.workspaceId}/x/pic.png`;
    const second = await sent(1, "filterable two", { attachment_url: url });
    await other.member(0).send(other.channelId, "filterable three");
    const found = async (query: Record<string, string>) =>
      texts(await search(ana, { q: "filterable", ...query })).sort();
    expect(await found({})).toEqual(["filterable one", "filterable two"]);
    expect(await found({ author: group.member(1).externalId })).toEqual(["filterable two"]);
    expect(await found({ author: group.member(0).id })).toEqual(["filterable one"]);
    expect(await found({ author: "nobody" })).toEqual([]);
    expect(await found({ has_attachment: "true" })).toEqual(["filterable two"]);
    expect(await found({ has_attachment: "false" })).toEqual(["filterable one"]);
    expect(await found({ from: second.created_at })).toEqual(["filterable two"]);
    expect(await found({ to: second.created_at })).toEqual(["filterable one"]);
    expect(await found({ from: first.created_at, channel: "search" })).toHaveLength(2);
    const all = workspaceCaller(stack);
    expect(texts(await search(all, { q: "filterable" }))).toHaveLength(3);
    expect(texts(await search(all, { q: "filterable" }, other.channelId))).toEqual(["filterable three"]);
  });

  it("[SRCH-6] shows only what the caller may read: own channels, no tombstones, nobody blocked", async () => {
    const stranger = await createUser(stack, "search-stranger");
    const blocked = await sent(1, "wombat from the blocked");
    const unsent = await sent(0, "wombat unsent");
    await sent(0, "wombat kept");
    await group.member(0).delete(`/v1/channels/${group.channelId}/messages/${unsent.id}`);
    expect(await search(stranger, { q: "wombat" })).toEqual({ results: [], has_more: false, next_cursor: null });
    const foreign = await stranger.get(`/v1/channels/${group.channelId}/messages/search?q=wombat`);
    expect([foreign.status, foreign.body.error.code]).toEqual([403, "NOT_A_MEMBER"]);
    const inChannel = await stranger.get(`/v1/search?q=wombat&channel=${group.channelId}`);
    expect(inChannel.body.error.code).toBe("NOT_A_MEMBER");
    expect(texts(await search(group.member(2), { q: "wombat" })).sort()).toEqual([
      "wombat from the blocked",
      "wombat kept",
    ]);
    await database.query("insert into blocks (workspace_id, user_id, blocked_user_id) values ($1, $2, $3)", [
      stack.workspaceId,
      group.member(2).id,
      blocked.user_id,
    ]);
    for (const channel of [undefined, group.channelId]) {
      expect(texts(await search(group.member(2), { q: "wombat" }, channel))).toEqual(["wombat kept"]);
    }
    expect(texts(await search(group.member(0), { q: "wombat" }))).toHaveLength(2);
  });

  it("[SRCH-7] pages through all matches once, while new ones come in", async () => {
    for (let n = 0; n < 25; n++) await sent(n % 3, `pager ${"pager ".repeat(n % 4)}number ${n}`);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: SearchPage = await search(group.member(0), {
        q: "pager",
        limit: "4",
        ...(cursor === null ? {} : { cursor }),
      });
      seen.push(...page.results.map(({ message }) => message.id));
      cursor = page.next_cursor;
      await sent(0, "pager pager pager pager pager pager newcomer");
    } while (cursor !== null);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toHaveLength(25);
    const wrong = await group.member(0).get(`/v1/search?q=pager&cursor=${btoa('[1,"users"]')}`);
    expect(wrong.body.error.code).toBe("VALIDATION_ERROR");
  });

  it("[SRCH-8] answers odd queries cleanly", async () => {
    const ana = group.member(0);
    const code = async (query: string) => {
      const { status, body } = await ana.get(`/v1/search?${query}`);
      return status === 200 ? 200 : body.error.code;
    };
    const q = (text: string) => code(`q=${encodeURIComponent(text)}`);
    expect(await code("")).toBe("VALIDATION_ERROR");
    for (const text of ["", "   ", "-", '"', '""', "-zebra", "!!!", "\0", "x".repeat(501)]) {
      expect([text, await q(text)]).toEqual([text, "VALIDATION_ERROR"]);
    }
    expect(await code("q=the&language=english")).toBe("VALIDATION_ERROR");
    expect(await code("q=x&language=klingon")).toBe("VALIDATION_ERROR");
    expect(await code("q=x&from=yesterday")).toBe("VALIDATION_ERROR");
    for (const text of [
      "'; drop table messages; --",
      "a & b | !c:*",
      "<->",
      "a\\",
      "👍🏽 ok",
      "مرحبا",
      "%_",
      "c=x w=y",
      '"open',
    ]) {
      expect([text, ["VALIDATION_ERROR", 200].includes(await q(text))]).toEqual([text, true]);
    }
    expect(await code("q=x&from=2026-01-01T00:00:00%2B07:00")).toBe(200);
    expect(texts(await search(ana, { q: "مرحبا" }))).toHaveLength(1);
  });

  it("[SRCH-9] is served by the index", async () => {
    await database.query(
      `insert into messages (id, workspace_id, channel_id, seq, user_id, content, type, created_at)
       select gen_random_uuid(), $1, $2, 1000000 + n, $3, 'filler number ' || n || ' of many, word' || (n % 997), 'text',
         '2020-01-01'::timestamptz + n * interval '1 second' from generate_series(1, 30000) n`,
      [stack.workspaceId, group.channelId, group.member(0).id],
    );
    await database.query("vacuum analyze messages");
    const plan = async (userId: string | undefined, channelId: string | undefined) => {
      const statement = searchStatement({
        workspaceId: stack.workspaceId,
        text: "word500 filler",
        language: "english",
        userId,
        channelId,
        author: undefined,
        from: undefined,
        to: undefined,
        hasAttachment: undefined,
        limit: 20,
        after: undefined,
        marks: headlineMarks("nonce"),
      });
      const { sql, params } = new PgDialect().sqlToQuery(statement);
      const { rows } = await database.query(`explain (analyze) ${sql}`, params);
      return rows.map((row) => row["QUERY PLAN"]).join("\n");
    };
    for (const text of [
      await plan(group.member(0).id, undefined),
      await plan(undefined, undefined),
      await plan(group.member(0).id, group.channelId),
    ]) {
      expect(text).toContain("Bitmap Index Scan on messages_search");
      expect(text).not.toContain("Seq Scan on messages");
    }
    expect((await search(group.member(0), { q: "word500 filler" })).results).toHaveLength(30);
  });
});
