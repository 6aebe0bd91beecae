import { createHash, createHmac } from "node:crypto";
import { v5 as uuidv5 } from "uuid";
import { UsageError } from "../errors.ts";
import type { LoadTarget } from "../target.ts";

/**
 * Keys of `count` workspaces, made in the local stack's database: over the API there is no way to make one. Ids and
 * secrets follow from the stack's own, so that a second run finds what the first one made.
 *
 * The row of a key is what `kabar workspace create` writes: the public half and the SHA-256 of the secret half.
 */
export async function ensureWorkspaces(target: LoadTarget, count: number): Promise<string[]> {
  if (target.local === undefined) {
    throw new UsageError("Several workspaces are made in the local stack's database, which is not known here.");
  }
  const { workspaceId, databaseUrl } = target.local;
  const wanted = Array.from({ length: count }, (_, index) => {
    const name = `load-workspace-${String(index + 1).padStart(5, "0")}`;
    const derived = (what: string) => createHmac("sha256", target.credential).update(`${name} ${what}`).digest("hex");
    const secret = `sk_test_${derived("secret")}`;
    const key = `pk_test_${derived("key").slice(0, 24)}`;
    const hash = createHash("sha256").update(secret).digest("hex");
    return { id: uuidv5(name, workspaceId), name, key, secret, hash };
  });
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const rows = JSON.stringify(wanted.map(({ id, name, key, hash }) => ({ id, name, key, hash })));
    await client.query(
      `with w as (select * from jsonb_to_recordset($1::jsonb) as w (id uuid, name text, key text, hash text)),
         made as (insert into workspaces (id, name) select id, name from w on conflict (id) do nothing)
       insert into workspace_keys (id, workspace_id, secret_hash) select key, id, hash from w on conflict (id) do nothing`,
      [rows],
    );
  } finally {
    await client.end();
  }
  return wanted.map(({ key, secret }) => `${key}:${secret}`);
}
