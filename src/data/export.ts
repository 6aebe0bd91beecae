import { type SQL, sql } from "drizzle-orm";
import type { LineType } from "../protocol/export.ts";
import type { Db } from "./db.ts";
import { wireTime } from "./fragments.ts";

/** Rows that are read at once: what bounds an export's memory. */
export const EXPORT_PAGE = 500;

/** Part of an export and the key of its last row, from which it goes on. */
export type ExportPlace = [section: number, ...key: (string | number)[]];

/** A page of lines as NDJSON text, and where the next one begins; undefined after the last. */
export interface ExportPage {
  ndjson: string;
  next: ExportPlace | undefined;
}

interface Section {
  type: LineType;
  /** At most `EXPORT_PAGE` rows after a key, in order of `key`, a JSON array; `data` is the line's. */
  rows(after: (string | number)[] | undefined): SQL;
}

type Row = { key: (string | number)[]; data: object; reactions?: object[] };

/** Everything of a workspace. Each page is read when it is asked for. */
export function exportWorkspace(db: Db, workspaceId: string): (place: ExportPlace) => Promise<ExportPage> {
  return (place) => readPage(db, workspaceSections(workspaceId), place);
}

/** What a workspace holds of one user: profile, memberships with their channels, blocks, devices, messages, reactions. */
export function exportUser(db: Db, workspaceId: string, userId: string): (place: ExportPlace) => Promise<ExportPage> {
  return (place) => readPage(db, userSections(workspaceId, userId), place);
}

async function readPage(db: Db, sections: readonly Section[], place: ExportPlace): Promise<ExportPage> {
  const [index, ...key] = place;
  const section = sections[index];
  if (section === undefined) return { ndjson: "", next: undefined };
  const { rows } = await db.execute<Row>(section.rows(key.length === 0 ? undefined : key));
  const lines = rows.flatMap(({ data, reactions = [] }) => [
    lineOf(section.type, data),
    ...reactions.map((reaction) => lineOf("reaction", reaction)),
  ]);
  const last = rows.at(-1);
  const next: ExportPlace = last !== undefined && rows.length === EXPORT_PAGE ? [index, ...last.key] : [index + 1];
  return { ndjson: lines.join(""), next: next[0] < sections.length ? next : undefined };
}

/** The one form in which a line is written: its own keys in the order of their schema, inner JSON as Postgres keeps it, no spaces. */
export function lineOf(type: LineType, data: object): string {
  return `${JSON.stringify({ type, data })}\n`;
}

function workspaceSections(workspaceId: string): Section[] {
  const ofWorkspace = (alias: string) => sql`${sql.raw(alias)}.workspace_id = ${workspaceId}::uuid`;
  return [
    {
      type: "workspace",
      rows: () => sql`select json_build_array(w.id) as key, json_build_object('id', w.id, 'name', w.name,
          'created_at', ${wireTime(sql`w.created_at`)}, 'settings', w.settings) as data
        from workspaces w where w.id = ${workspaceId}::uuid`,
    },
    {
      type: "user",
      rows: (after) => sql`select json_build_array(u.id) as key, ${userData()} as data from users u
        where ${ofWorkspace("u")} ${beyond(sql`(u.id)`, after, ["uuid"])} order by u.id limit ${EXPORT_PAGE}`,
    },
    {
      type: "channel",
      rows: (after) => sql`select json_build_array(c.id) as key, ${channelData()} as data from channels c
        where ${ofWorkspace("c")} and not c.importing ${beyond(sql`(c.id)`, after, ["uuid"])}
        order by c.id limit ${EXPORT_PAGE}`,
    },
    {
      type: "member",
      rows: (after) => sql`select json_build_array(m.channel_id, m.user_id) as key, ${memberData()} as data
        from channels c join members m on m.channel_id = c.id
        where ${ofWorkspace("c")} and not c.importing ${after === undefined ? sql`` : sql`and c.id >= ${after[0]}::uuid`}
          ${beyond(sql`(m.channel_id, m.user_id)`, after, ["uuid", "uuid"])}
        order by m.channel_id, m.user_id limit ${EXPORT_PAGE}`,
    },
    {
      type: "block",
      rows: (
        after,
      ) => sql`select json_build_array(b.user_id, b.blocked_user_id) as key, ${blockData()} as data from blocks b
        where ${ofWorkspace("b")} ${beyond(sql`(b.user_id, b.blocked_user_id)`, after, ["uuid", "uuid"])}
        order by b.user_id, b.blocked_user_id limit ${EXPORT_PAGE}`,
    },
    {
      type: "message",
      // Channel by channel, so that each page reads its own rows only.
      rows: (after) => sql`
        with page as materialized (
          select m.* from channels c cross join lateral (
            select * from messages where ${seqAbove(seqAfter(after))}
            order by messages.channel_id, messages.seq limit ${EXPORT_PAGE}
          ) m
          where ${ofWorkspace("c")} and not c.importing ${after === undefined ? sql`` : sql`and c.id >= ${after[0]}::uuid`}
          order by c.id, m.seq limit ${EXPORT_PAGE}
        )
        select json_build_array(m.channel_id, m.seq) as key, ${messageData()} as data, coalesce((
          select json_agg(${reactionData()} order by r.created_at, r.user_id) from reactions r where r.message_id = m.id
        ), '[]') as reactions from page m order by m.channel_id, m.seq`,
    },
  ];
}

function userSections(workspaceId: string, userId: string): Section[] {
  const own = sql`${userId}::uuid`;
  const workspace = sql`${workspaceId}::uuid`;
  const memberships = (columns: SQL, after: (string | number)[] | undefined) => sql`
    select json_build_array(c.id) as key, ${columns} as data from members m join channels c on c.id = m.channel_id
    where m.user_id = ${own} and c.workspace_id = ${workspace} ${beyond(sql`(c.id)`, after, ["uuid"])}
    order by c.id limit ${EXPORT_PAGE}`;
  return [
    {
      type: "user",
      rows: () => sql`select json_build_array(u.id) as key, ${userData()} as data from users u
        where u.id = ${own} and u.workspace_id = ${workspace}`,
    },
    { type: "channel", rows: (after) => memberships(channelData(), after) },
    { type: "member", rows: (after) => memberships(memberData(), after) },
    {
      type: "block",
      rows: (after) => sql`select json_build_array(b.blocked_user_id) as key, ${blockData()} as data from blocks b
        where b.user_id = ${own} and b.workspace_id = ${workspace} ${beyond(sql`(b.blocked_user_id)`, after, ["uuid"])}
        order by b.blocked_user_id limit ${EXPORT_PAGE}`,
    },
    {
      type: "device",
      rows: (after) => sql`select json_build_array(md5(d.token)) as key, json_build_object('platform', d.platform,
          'created_at', ${wireTime(sql`d.created_at`)}) as data
        from devices d where d.user_id = ${own} and d.workspace_id = ${workspace}
          ${beyond(sql`(md5(d.token))`, after, ["text"])} order by md5(d.token) limit ${EXPORT_PAGE}`,
    },
    {
      type: "message",
      rows: (after) => sql`select json_build_array(m.id) as key, ${messageData()} as data from messages m
        where m.user_id = ${own} and m.workspace_id = ${workspace} ${beyond(sql`(m.id)`, after, ["uuid"])}
        order by m.id limit ${EXPORT_PAGE}`,
    },
    {
      type: "reaction",
      rows: (after) => sql`select json_build_array(r.message_id) as key, ${reactionData()} as data
        from reactions r join messages m on m.id = r.message_id
        where r.user_id = ${own} and m.workspace_id = ${workspace} ${beyond(sql`(r.message_id)`, after, ["uuid"])}
        order by r.message_id limit ${EXPORT_PAGE}`,
    },
  ];
}

/** Seq behind which a channel `c` goes on. */
function seqAfter(after: (string | number)[] | undefined): SQL {
  if (after === undefined) return sql`0`;
  return sql`case when c.id = ${after[0]}::uuid then ${after[1]}::bigint else 0 end`;
}

/**
 * Messages of a channel `c` above a seq. By comparing rows: told by `=`, Postgres takes the channel for one of average size, and would
 * read and sort a large one as a whole for each page. Goes with an order by channel and seq.
 */
function seqAbove(above: SQL): SQL {
  return sql`(messages.channel_id, messages.seq) > (c.id, ${above})
    and (messages.channel_id, messages.seq) <= (c.id, 9223372036854775807)`;
}

/** Condition of keyset paging, empty for the first page. */
function beyond(columns: SQL, after: (string | number)[] | undefined, types: readonly string[]): SQL {
  if (after === undefined) return sql``;
  const values = types.map((type, index) => sql`${after[index] ?? null}::${sql.raw(type)}`);
  return sql`and ${columns} > (${sql.join(values, sql`, `)})`;
}

function userData(): SQL {
  return sql`json_build_object('id', u.id, 'external_id', u.external_id, 'name', u.name, 'avatar_url', u.avatar_url,
    'metadata', u.metadata, 'created_at', ${wireTime(sql`u.created_at`)}, 'updated_at', ${wireTime(sql`u.updated_at`)})`;
}

function channelData(): SQL {
  return sql`json_build_object('id', c.id, 'external_id', c.external_id, 'type', c.type, 'name', c.name,
    'avatar_url', c.avatar_url, 'created_by', c.created_by, 'created_at', ${wireTime(sql`c.created_at`)},
    'updated_at', ${wireTime(sql`c.updated_at`)}, 'deleted_at', ${wireTime(sql`c.deleted_at`)})`;
}

function memberData(): SQL {
  return sql`json_build_object('channel_id', m.channel_id, 'user_id', m.user_id, 'role', m.role,
    'joined_at', ${wireTime(sql`m.joined_at`)}, 'last_read_seq', m.last_read_seq,
    'last_read_at', ${wireTime(sql`m.last_read_at`)}, 'last_delivered_seq', m.last_delivered_seq,
    'last_delivered_at', ${wireTime(sql`m.last_delivered_at`)})`;
}

function blockData(): SQL {
  return sql`json_build_object('user_id', b.user_id, 'blocked_user_id', b.blocked_user_id,
    'created_at', ${wireTime(sql`b.created_at`)})`;
}

function messageData(): SQL {
  return sql`json_build_object('id', m.id, 'channel_id', m.channel_id, 'seq', m.seq, 'user_id', m.user_id,
    'content', m.content, 'type', m.type, 'attachment_url', m.attachment_url, 'attachment', m.attachment,
    'created_at', ${wireTime(sql`m.created_at`)}, 'edited_at', ${wireTime(sql`m.edited_at`)},
    'deleted_at', ${wireTime(sql`m.deleted_at`)}, 'parent_id', m.parent_id, 'thread_root_id', m.thread_root_id,
    'mentions', m.mentions, 'metadata', m.metadata, 'pinned_at', ${wireTime(sql`m.pinned_at`)}, 'client_id', m.client_id)`;
}

function reactionData(): SQL {
  return sql`json_build_object('message_id', r.message_id, 'user_id', r.user_id, 'emoji', r.emoji,
    'created_at', ${wireTime(sql`r.created_at`)})`;
}
