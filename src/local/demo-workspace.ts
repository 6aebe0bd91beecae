import pg from "pg";
import type { StateFile } from "./state.ts";

export interface DemoWorkspace {
  workspaceId: string;
  apiKey: string;
  apiSecret: string;
}

/**
 * The demo workspace of a data folder. Made once; made again when the database is another one or its key was rotated,
 * because only we hold the secret.
 */
export async function ensureDemoWorkspace(databaseUrl: string, state: StateFile): Promise<DemoWorkspace> {
  const known = state.value.demo;
  if (known && (await isThere(databaseUrl, known))) return known;
  // drizzle is slow to load and needed the first time only.
  const { createWorkspace } = await import("../cli/workspaces.ts");
  const created = await createWorkspace(databaseUrl, { name: "Demo", mode: "test" });
  const demo = { workspaceId: created.workspace_id, apiKey: created.api_key, apiSecret: created.api_secret };
  state.value.demo = demo;
  state.save();
  return demo;
}

async function isThere(databaseUrl: string, demo: DemoWorkspace): Promise<boolean> {
  const client = new pg.Client({ connectionString: databaseUrl });
  try {
    await client.connect();
    const { rowCount } = await client.query(
      "SELECT 1 FROM workspace_keys WHERE id = $1 AND workspace_id = $2 AND rotated_at IS NULL",
      [demo.apiKey, demo.workspaceId],
    );
    return rowCount === 1;
  } finally {
    await client.end().catch(() => undefined);
  }
}
