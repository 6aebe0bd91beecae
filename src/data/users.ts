import { type SQL, sql } from "drizzle-orm";
import type { UserProfile } from "../domain/hub-contract.ts";
import type { UpsertUserBody, User } from "../protocol/user.ts";
import type { Db } from "./db.ts";
import { byRef, wireTime } from "./fragments.ts";

/** A user with the version of its profile, which the hub needs and the wire does not. */
export interface StoredUser {
  user: User;
  version: number;
}

export interface UpsertedUser extends StoredUser {
  outcome: "created" | "changed" | "unchanged";
}

type UserRow = User & { version: number };

const columns = (alias: string): SQL => {
  const u = sql.raw(alias);
  return sql`${u}.id, ${u}.external_id, ${u}.name, ${u}.avatar_url, ${u}.metadata, ${u}.version::int as version,
    ${wireTime(sql`${u}.created_at`)} as created_at, ${wireTime(sql`${u}.updated_at`)} as updated_at`;
};

/** What the hub keeps of a user. */
export function profileOf({ user, version }: StoredUser): UserProfile {
  return { id: user.id, external_id: user.external_id, name: user.name, avatar_url: user.avatar_url, version };
}

/**
 * Creates or updates the user with this external id; fields that are not given keep their values, and a repeat that changes
 * nothing leaves version and `updated_at` alone. `freshId` becomes its id if it is new.
 */
export async function upsertUser(
  db: Db,
  workspaceId: string,
  freshId: string,
  body: UpsertUserBody,
): Promise<UpsertedUser> {
  const metadata = body.metadata === undefined ? null : JSON.stringify(body.metadata);
  const name = sql`coalesce(${body.name ?? null}::text, u.name)`;
  const avatar = body.avatar_url === undefined ? sql`u.avatar_url` : sql`${body.avatar_url}::text`;
  const meta = sql`coalesce(${metadata}::jsonb, u.metadata)`;
  const statement = sql`
    with written as (
      insert into users as u (id, workspace_id, external_id, name, avatar_url, metadata)
      values (${freshId}::uuid, ${workspaceId}::uuid, ${body.external_id}, ${body.name ?? body.external_id},
        ${body.avatar_url ?? null}::text, coalesce(${metadata}::jsonb, '{}'))
      on conflict (workspace_id, external_id) do update
        set name = ${name}, avatar_url = ${avatar}, metadata = ${meta}, version = u.version + 1, updated_at = now()
        where (u.name, u.avatar_url, u.metadata) is distinct from (${name}, ${avatar}, ${meta})
      returning *
    )
    select ${columns("w")}, case when w.id = ${freshId}::uuid then 'created' else 'changed' end as outcome from written w
    union all
    select ${columns("u")}, 'unchanged' from users u
    where u.workspace_id = ${workspaceId}::uuid and u.external_id = ${body.external_id} and not exists (select from written)`;
  // Another request may have created the same user after this statement's snapshot: then it sees nothing, once.
  for (;;) {
    const { rows } = await db.execute<UserRow & { outcome: UpsertedUser["outcome"] }>(statement);
    const [row] = rows;
    if (row === undefined) continue;
    const { outcome, ...stored } = row;
    return { ...toStored(stored), outcome };
  }
}

/** The user with this internal or external id. */
export async function findUser(db: Db, workspaceId: string, ref: string): Promise<StoredUser | undefined> {
  const { matches, internalFirst } = byRef("u", ref);
  const { rows } = await db.execute<UserRow>(sql`
    select ${columns("u")} from users u where u.workspace_id = ${workspaceId}::uuid and ${matches}
    order by ${internalFirst} limit 1`);
  return rows[0] === undefined ? undefined : toStored(rows[0]);
}

/** Users with these external ids, in no order. */
export async function findUsersByExternalIds(db: Db, workspaceId: string, externalIds: string[]): Promise<User[]> {
  const { rows } = await db.execute<UserRow>(sql`
    select ${columns("u")} from users u where u.workspace_id = ${workspaceId}::uuid
      and u.external_id in (select jsonb_array_elements_text(${JSON.stringify(externalIds)}::jsonb))`);
  return rows.map((row) => toStored(row).user);
}

/** At most `limit` users with an id above `after`, by id. */
export async function listUsers(db: Db, workspaceId: string, limit: number, after?: string): Promise<User[]> {
  const { rows } = await db.execute<UserRow>(sql`
    select ${columns("u")} from users u where u.workspace_id = ${workspaceId}::uuid
      ${after === undefined ? sql`` : sql`and u.id > ${after}::uuid`}
    order by u.id limit ${limit}`);
  return rows.map((row) => toStored(row).user);
}

function toStored({ version, ...user }: UserRow): StoredUser {
  return { user, version };
}
