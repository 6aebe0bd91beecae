import { type SQL, sql } from "drizzle-orm";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** True where a reference may be an internal id. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

const WIRE_TIME = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;

/** A time as it goes on the wire: RFC 3339, UTC, milliseconds. NULL stays NULL. */
export function wireTime(column: SQL): SQL {
  return sql`to_char(${column} at time zone 'UTC', ${sql.raw(WIRE_TIME)})`;
}

/** The same as text, for statements that are put together once. `column` is a name, never user input. */
export function wireTimeText(column: string): string {
  return `to_char(${column} at time zone 'UTC', ${WIRE_TIME})`;
}

/**
 * True where an author, who may be nobody, is none of the users in an array. Said by CASE, of which Postgres takes half of all rows to be
 * true. Of `<> ALL` it takes next to none to be true where few users write everything, and reads and sorts whole channels for a page.
 */
export function isNoneOf(author: SQL, users: SQL): SQL {
  return sql`case when ${author} = any (${users}) then false else true end`;
}

/**
 * Finds a row of a table by internal or external id: a condition, and an order that puts the internal id first where one
 * text is both. `alias` is the table's name in the query, never user input.
 */
export function byRef(alias: string, ref: string): { matches: SQL; internalFirst: SQL } {
  const table = sql.raw(alias);
  // A bare constant would mean a column's place to ORDER BY; no row has a null id.
  if (!isUuid(ref)) return { matches: sql`${table}.external_id = ${ref}`, internalFirst: sql`(${table}.id is null)` };
  return {
    matches: sql`(${table}.id = ${ref}::uuid or ${table}.external_id = ${ref})`,
    internalFirst: sql`(${table}.id = ${ref}::uuid) desc`,
  };
}

/**
 * CTEs `named` (`ord`, `ref`, and the user's columns, NULL where nobody is called so) and `missing` for a list of internal
 * or external user ids. One parameter for the whole list.
 */
export function namedUsers(workspaceId: string, refs: readonly string[]): SQL {
  const list = JSON.stringify(refs.map((ref, ord) => ({ ord, ref, id: isUuid(ref) ? ref : null })));
  return sql`
    named as materialized (
      select r.ord, r.ref, u.id, u.external_id, u.name, u.avatar_url, u.version
      from jsonb_to_recordset(${list}::jsonb) as r(ord int, ref text, id uuid)
      left join lateral (
        select * from users where workspace_id = ${workspaceId}::uuid and (users.id = r.id or users.external_id = r.ref)
        order by (users.id = r.id) desc nulls last limit 1
      ) u on true
    ),
    missing as (select ord from named where id is null)`;
}

/** `UserProfile` of the hub contract. */
export function profileJson(alias: string): SQL {
  const u = sql.raw(alias);
  return sql`json_build_object('id', ${u}.id, 'external_id', ${u}.external_id, 'name', ${u}.name,
    'avatar_url', ${u}.avatar_url, 'version', ${u}.version)`;
}

/** `Membership` of the hub contract. */
export function membershipJson(alias: string): SQL {
  const m = sql.raw(alias);
  return sql`json_build_object('user_id', ${m}.user_id, 'role', ${m}.role, 'joined_at', ${wireTime(sql`${m}.joined_at`)})`;
}

/** `ChannelInfo` of the hub contract. */
export function channelInfoJson(alias: string): SQL {
  const c = sql.raw(alias);
  return sql`json_build_object('id', ${c}.id, 'external_id', ${c}.external_id, 'type', ${c}.type, 'name', ${c}.name,
    'avatar_url', ${c}.avatar_url, 'created_by', ${c}.created_by, 'created_at', ${wireTime(sql`${c}.created_at`)},
    'updated_at', ${wireTime(sql`${c}.updated_at`)})`;
}
