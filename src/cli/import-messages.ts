import type pg from "pg";
import type { MessageData, ReactionData } from "./import-batch.ts";
import { stableId, wantedId } from "./import-ids.ts";
import { type KnownIds, requireChannel, userId } from "./import-people.ts";
import { OperatorError } from "./workspaces.ts";

export interface Written {
  messages: number;
  reactions: number;
  /** Reactions to messages that neither the file nor the workspace has. */
  orphans: number;
}

type StoredId = { id: string; own: boolean };

/**
 * Writes messages in the order of their lines behind what their channels have, and reactions. What the workspace has already stays
 * as it is, so that a file may be read again from any place.
 */
export async function writeMessages(
  client: pg.Client,
  workspaceId: string,
  messages: MessageData[],
  reactions: ReactionData[],
  known: KnownIds,
): Promise<Written> {
  if (messages.length + reactions.length === 0) return { messages: 0, reactions: 0, orphans: 0 };
  const ids = await resolveIds(client, workspaceId, messages, reactions);
  const idOf = (given: string | null) => (given === null ? null : (ids.all.get(given) ?? wantedId(workspaceId, given)));
  const heads = new Map<string, number>();
  const rows: object[] = [];
  for (const { line, ...message } of messages) {
    const id = ids.all.get(message.id);
    if (id === undefined || ids.stored.has(id)) continue;
    ids.stored.add(id);
    const channel = requireChannel(message.channel_id, line, known);
    if (!channel.importing) {
      throw new OperatorError(
        `line ${line}: channel ${message.channel_id} is in use; messages can only be imported into channels that the import makes`,
      );
    }
    const seq = channel.lastSeq === 0 ? (message.seq ?? 1) : channel.lastSeq + 1;
    channel.lastSeq = seq;
    heads.set(channel.id, seq);
    const isGone = message.deleted_at !== null;
    rows.push({
      ...message,
      id,
      channel_id: channel.id,
      seq,
      user_id: message.user_id === null ? null : userId(workspaceId, message.user_id, known),
      parent_id: idOf(message.parent_id),
      thread_root_id: idOf(message.thread_root_id),
      mentions: message.mentions.map((one) => ({ ...one, user_id: userId(workspaceId, one.user_id, known) })),
      // An unsent message keeps nothing of what was said.
      ...(isGone
        ? { content: "", attachment_url: null, attachment: null, mentions: [], metadata: {}, pinned_at: null }
        : {}),
    });
  }
  if (rows.length > 0) await insertMessages(client, workspaceId, rows, heads);
  const found = reactions.flatMap(({ line: _line, ...reaction }) => {
    const id = ids.all.get(reaction.message_id);
    if (id === undefined || !ids.stored.has(id)) return [];
    return [{ ...reaction, message_id: id, user_id: userId(workspaceId, reaction.user_id, known) }];
  });
  const added = found.length === 0 ? 0 : await insertReactions(client, workspaceId, found);
  return { messages: rows.length, reactions: added, orphans: reactions.length - found.length };
}

/**
 * The database's id of every message that the lines name: the file's own where it can be kept, the stable one where it
 * cannot. `stored` are those that the workspace has.
 */
async function resolveIds(
  client: pg.Client,
  workspaceId: string,
  messages: MessageData[],
  reactions: ReactionData[],
): Promise<{ all: Map<string, string>; stored: Set<string> }> {
  const given = new Set<string>();
  for (const message of messages) {
    given.add(message.id);
    if (message.parent_id !== null) given.add(message.parent_id);
    if (message.thread_root_id !== null) given.add(message.thread_root_id);
  }
  for (const reaction of reactions) given.add(reaction.message_id);
  const all = new Map([...given].map((id) => [id, wantedId(workspaceId, id)]));
  const first = await findIds(client, workspaceId, [...all.values()]);
  const stored = new Set(first.filter((row) => row.own).map((row) => row.id));
  const taken = new Set(first.filter((row) => !row.own).map((row) => row.id));
  if (taken.size === 0) return { all, stored };
  for (const [id, wanted] of all) if (taken.has(wanted)) all.set(id, stableId(workspaceId, id));
  for (const row of await findIds(client, workspaceId, [...all.values()])) if (row.own) stored.add(row.id);
  return { all, stored };
}

async function findIds(client: pg.Client, workspaceId: string, ids: string[]): Promise<StoredId[]> {
  const { rows } = await client.query<StoredId>({
    name: "import-find",
    text: `select id, workspace_id = $1::uuid as own from messages where id = any($2::uuid[])`,
    values: [workspaceId, ids],
  });
  return rows;
}

async function insertMessages(client: pg.Client, workspaceId: string, rows: object[], heads: Map<string, number>) {
  await client.query({
    name: "import-messages",
    text: `
      with m as materialized (
        select * from jsonb_to_recordset($2::jsonb) as m (id uuid, channel_id uuid, seq bigint, user_id uuid, content text,
          type text, attachment_url text, attachment jsonb, parent_id uuid, mentions jsonb, metadata jsonb, client_id text,
          thread_root_id uuid, pinned_at timestamptz, created_at timestamptz, edited_at timestamptz, deleted_at timestamptz)
      ), stored as (
        insert into messages (id, workspace_id, channel_id, seq, user_id, content, type, attachment_url, attachment, parent_id,
          mentions, metadata, client_id, thread_root_id, pinned_at, created_at, edited_at, deleted_at)
        select id, $1::uuid, channel_id, seq, user_id, content, type, attachment_url, attachment, parent_id,
          mentions, metadata, client_id, thread_root_id, pinned_at, created_at, edited_at, deleted_at from m
        returning id, channel_id, seq, mentions
      ), mentioned as (
        insert into mentions (user_id, channel_id, seq, message_id)
        select distinct (one ->> 'user_id')::uuid, channel_id, seq, id from stored, jsonb_array_elements(stored.mentions) one
      )
      update channels set last_seq = heads.value::bigint from jsonb_each_text($3::jsonb) heads where channels.id = heads.key::uuid`,
    values: [workspaceId, JSON.stringify(rows), JSON.stringify(Object.fromEntries(heads))],
  });
}

/** Only to messages of channels that are being imported: elsewhere the hub decides. */
async function insertReactions(client: pg.Client, workspaceId: string, rows: object[]): Promise<number> {
  const { rowCount } = await client.query({
    name: "import-reactions",
    text: `insert into reactions (message_id, user_id, emoji, created_at)
      select r.message_id, r.user_id, r.emoji, r.created_at
      from jsonb_to_recordset($2::jsonb) as r (message_id uuid, user_id uuid, emoji text, created_at timestamptz)
      join messages m on m.id = r.message_id join channels c on c.id = m.channel_id
      where c.workspace_id = $1::uuid and c.importing and m.deleted_at is null
      on conflict do nothing`,
    values: [workspaceId, JSON.stringify(rows)],
  });
  return rowCount ?? 0;
}
