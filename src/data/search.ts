import { type SQL, sql } from "drizzle-orm";
import { type HeadlineMarks, readHeadline } from "../domain/highlights.ts";
import type { SearchLanguage, SearchResult } from "../protocol/search.ts";
import type { Db } from "./db.ts";
import { byRef, isUuid } from "./fragments.ts";
import { joins, type MessageJson, messageJson, toMessage } from "./message-json.ts";
import { channelWord, SEARCH_VECTOR, workspaceWord } from "./search-vector.ts";

/** Matches that are ranked, the newest ones: what bounds a search for a word that everybody uses. */
const MAX_RANKED = 10_000;
/** Channels up to which the index is asked for each of a user's channels, not for the whole workspace. */
const MAX_CHANNEL_WORDS = 64;
const HEADLINE = "MaxFragments=3, MaxWords=24, MinWords=8";

export interface SearchRequest {
  workspaceId: string;
  text: string;
  language: SearchLanguage;
  /** Whose channels are searched; undefined for a workspace key, which sees all. */
  userId: string | undefined;
  /** Internal id of the one channel to search, which the caller may read. */
  channelId: string | undefined;
  /** Internal or external id of the author. */
  author: string | undefined;
  from: string | undefined;
  to: string | undefined;
  hasAttachment: boolean | undefined;
  limit: number;
  after: [rank: number, createdAt: string, id: string] | undefined;
  marks: HeadlineMarks;
}

type ResultRow = { message: MessageJson; rank: number; headline: string };

/** True where the text has a word that can be looked up; stop words, punctuation and `-word` alone have none. */
export async function hasSearchWords(db: Db, language: SearchLanguage, text: string): Promise<boolean> {
  const { rows } = await db.execute<{ tree: string }>(sql`select querytree(${queryOf({ language, text })}) as tree`);
  return !["", "T"].includes(rows[0]?.tree ?? "");
}

/** At most `limit` messages that match, best first. */
export async function searchMessages(db: Db, request: SearchRequest): Promise<SearchResult[]> {
  const { rows } = await db.execute<ResultRow>(searchStatement(request));
  return rows.map(({ message, rank, headline }) => ({
    message: toMessage(message, request.userId),
    rank,
    highlights: readHeadline(headline, request.marks),
  }));
}

/**
 * The index gives candidates in any language; each is then compared in the wanted one, so that `simple` finds no stems.
 * A place in the order is rank, time and id, none of which later messages change.
 */
export function searchStatement(request: SearchRequest): SQL {
  const { workspaceId, userId, language, limit, after, marks } = request;
  const query = queryOf(request);
  const config = sql.raw(`'${language}'::regconfig`);
  const selection = `StartSel="${marks.start}", StopSel="${marks.stop}", FragmentDelimiter="${marks.gap}", ${HEADLINE}`;
  return sql`
    with candidates as materialized (
      select id, created_at, to_tsvector(${config}, content) as vector from messages
      where ${sql.raw(SEARCH_VECTOR)} @@ (${query} && (${scopeOf(request)})::tsquery)
        and deleted_at is null and workspace_id = ${workspaceId}::uuid and ${visible(request)} ${filters(request)}
      order by created_at desc limit ${MAX_RANKED}
    ), ranked as (
      select id, created_at, ts_rank_cd(vector, ${query}, 1)::float8 as rank from candidates where vector @@ ${query}
    ), page as (
      select * from ranked
      ${after === undefined ? sql`` : sql`where (rank, created_at, id) < (${after[0]}::float8, ${after[1]}::timestamptz, ${after[2]}::uuid)`}
      order by rank desc, created_at desc, id desc limit ${limit}
    )
    select ${messageJson("m", sql`c.external_id`, userId)} as message, page.rank,
      ts_headline(${config}, m.content, ${query}, ${selection}) as headline
    from page join messages m on m.id = page.id join channels c on c.id = m.channel_id ${joins("m")}
    order by page.rank desc, page.created_at desc, page.id desc`;
}

function queryOf({ language, text }: Pick<SearchRequest, "language" | "text">): SQL {
  return sql`websearch_to_tsquery(${sql.raw(`'${language}'::regconfig`)}, ${text})`;
}

/** Words of the index that keep the scan to what the caller may see. The conditions of `visible` decide. */
function scopeOf({ workspaceId, channelId, userId }: SearchRequest): SQL {
  const quoted = (word: string) => `'${word}'`;
  if (channelId !== undefined) return sql`${quoted(channelWord(channelId))}`;
  if (userId === undefined) return sql`${quoted(workspaceWord(workspaceId))}`;
  return sql`select case when count(*) between 1 and ${MAX_CHANNEL_WORDS}
      then string_agg('''c=' || channel_id::text || '''', ' | ') else ${quoted(workspaceWord(workspaceId))} end
    from members where user_id = ${userId}::uuid`;
}

function visible({ workspaceId, userId, channelId }: SearchRequest): SQL {
  if (channelId !== undefined) return sql`channel_id = ${channelId}::uuid and ${notBlocked(userId)}`;
  const living = sql`select id from channels where workspace_id = ${workspaceId}::uuid and deleted_at is null`;
  if (userId === undefined) return sql`channel_id in (${living})`;
  return sql`channel_id in (${living} and id in (select channel_id from members where user_id = ${userId}::uuid))
    and ${notBlocked(userId)}`;
}

function notBlocked(userId: string | undefined): SQL {
  if (userId === undefined) return sql`true`;
  return sql`(user_id is null or user_id not in (select blocked_user_id from blocks where blocks.user_id = ${userId}::uuid))`;
}

function filters({ workspaceId, author, from, to, hasAttachment }: SearchRequest): SQL {
  const conditions: SQL[] = [];
  if (author !== undefined) conditions.push(sql`and user_id = ${authorId(workspaceId, author)}`);
  if (from !== undefined) conditions.push(sql`and created_at >= ${from}::timestamptz`);
  if (to !== undefined) conditions.push(sql`and created_at < ${to}::timestamptz`);
  if (hasAttachment !== undefined) {
    conditions.push(hasAttachment ? sql`and attachment_url is not null` : sql`and attachment_url is null`);
  }
  return sql.join(conditions, sql` `);
}

/** An author who was deleted is still named by its internal id; nobody's name finds nothing. */
function authorId(workspaceId: string, ref: string): SQL {
  const { matches, internalFirst } = byRef("u", ref);
  const found = sql`(select u.id from users u where u.workspace_id = ${workspaceId}::uuid and ${matches}
    order by ${internalFirst} limit 1)`;
  return isUuid(ref) ? sql`coalesce(${found}, ${ref}::uuid)` : found;
}

/** A result's place in the order of `searchStatement`. */
export function placeOf({ message, rank }: SearchResult): [rank: number, createdAt: string, id: string] {
  return [rank, message.created_at, message.id];
}
