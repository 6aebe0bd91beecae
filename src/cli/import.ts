import pg from "pg";
import { Batch, parseLine } from "./import-batch.ts";
import { fingerprint, readLines } from "./import-lines.ts";
import { type Written, writeMessages } from "./import-messages.ts";
import { openChannels } from "./import-open.ts";
import { type KnownIds, writeBlocks, writeChannels, writeMembers, writeUsers } from "./import-people.ts";
import { OperatorError } from "./workspaces.ts";

export interface ImportOptions {
  databaseUrl: string;
  workspaceId: string;
  file: string;
  /** True leaves the channels hidden, so that more files can be imported into them. */
  hold?: boolean;
  onProgress?(done: ImportResult): void;
}

/** What this run wrote; what was there before is not counted. */
export interface ImportResult extends Written {
  /** Bytes of the file that were done by an earlier run. */
  resumedAt: number;
  /** Channels that were shown to their members. */
  opened: number;
}

const BATCH_LINES = 2_000;
/** Beginnings of lines that a resumed import need not read again. */
const SKIPPED = /^\{"type":"(message|reaction|member|block)"/;

/**
 * Imports a file of the form that an export has. Each batch is one transaction together with the place in the file, so an
 * import that was broken off goes on where it was, and one that is done changes nothing when it is run again.
 */
export async function importFile(options: ImportOptions): Promise<ImportResult> {
  const { databaseUrl, workspaceId, file } = options;
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await begin(client, workspaceId);
    const id = await fingerprint(file);
    const result: ImportResult = { messages: 0, reactions: 0, orphans: 0, resumedAt: 0, opened: 0 };
    const { rows } = await client.query<{ place: number; finished: boolean }>(
      `insert into imports (workspace_id, file) values ($1, $2)
       on conflict (workspace_id, file) do update set file = excluded.file
       returning place::float8 as place, finished_at is not null as finished`,
      [workspaceId, id],
    );
    result.resumedAt = rows[0]?.place ?? 0;
    if (!rows[0]?.finished) {
      await writeFile(client, options, id, result);
      await client.query(`update imports set finished_at = now() where workspace_id = $1 and file = $2`, [
        workspaceId,
        id,
      ]);
    }
    if (!options.hold) result.opened = await inTransaction(client, () => openChannels(client, workspaceId));
    if (result.messages > 0) await client.query("analyze messages, reactions, mentions");
    return result;
  } finally {
    await client.end();
  }
}

/** One import per workspace at a time. */
async function begin(client: pg.Client, workspaceId: string): Promise<void> {
  const { rows } = await client.query<{ free: boolean; exists: boolean }>(
    `select pg_try_advisory_lock(hashtext('kabar import'), hashtext($1)) as free,
       exists (select from workspaces where id = $1::uuid) as exists`,
    [workspaceId],
  );
  if (!rows[0]?.exists) throw new OperatorError("no such workspace: see `kabar workspace list`");
  if (!rows[0].free) throw new OperatorError("another import of this workspace is running");
  // The place in the file is lost together with the rows, so nothing is lost.
  await client.query("set synchronous_commit = off");
}

async function writeFile(
  client: pg.Client,
  options: ImportOptions,
  fileId: string,
  result: ImportResult,
): Promise<void> {
  const known: KnownIds = { users: new Map(), channels: new Map() };
  const { workspaceId } = options;
  const flush = (batch: Batch) =>
    inTransaction(client, async () => {
      await writeUsers(client, workspaceId, batch.users, known);
      await writeChannels(client, workspaceId, batch.channels, known);
      await writeMembers(client, batch.members, known);
      await writeBlocks(client, workspaceId, batch.blocks, known);
      const written = await writeMessages(client, workspaceId, batch.messages, batch.reactions, known);
      await client.query({
        name: "import-place",
        text: `update imports set place = greatest(place, $3::bigint), messages = messages + $4, reactions = reactions + $5
          where workspace_id = $1 and file = $2`,
        values: [workspaceId, fileId, batch.end, written.messages, written.reactions],
      });
      result.messages += written.messages;
      result.reactions += written.reactions;
      result.orphans += written.orphans;
      options.onProgress?.(result);
    });

  // While the database writes one batch, the next one is read and checked.
  let writing: Promise<void> = Promise.resolve();
  let batch = new Batch();
  const send = async () => {
    await writing;
    const full = batch;
    batch = new Batch();
    writing = flush(full);
    // Its failure is seen at the next `await writing`.
    writing.catch(() => undefined);
  };
  for await (const line of readLines(options.file)) {
    // People and channels are looked at again, since what follows names them.
    if (line.end <= result.resumedAt && SKIPPED.test(line.text)) continue;
    const parsed = parseLine(line);
    if (parsed !== undefined) batch.add(parsed, line);
    if (batch.size >= BATCH_LINES) await send();
  }
  if (batch.size > 0) await send();
  await writing;
}

async function inTransaction<Value>(client: pg.Client, work: () => Promise<Value>): Promise<Value> {
  await client.query("begin");
  try {
    const value = await work();
    await client.query("commit");
    return value;
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}
