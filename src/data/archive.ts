import { sql } from "drizzle-orm";
import { type Archive, type ArchiveBatch, type ArchiveReceipt, ArchiveRejected } from "../domain/hub-ports.ts";
import { type Db, sqlStateOf } from "./db.ts";
import { findStoredMessage } from "./messages.ts";

interface ReceiptRow extends Record<string, unknown> {
  applied: boolean;
  versions: Record<string, number> | null;
  before: { epoch: string; seq: number } | null;
}

/** A workspace's archive in Postgres. */
export function postgresArchive(db: Db, workspaceId: string): Archive {
  return {
    write: (batch) => write(db, workspaceId, batch),
    findMessage: (channelId, messageId) => findStoredMessage(db, workspaceId, channelId, messageId),
  };
}

/**
 * One statement, so all or nothing in one round trip: see `kabar_archive` in `archive-function.ts`. It begins by moving the watermark, under the
 * row's lock and only where the batch follows on from it: a batch that was written before, or whose beginning was, changes
 * nothing, however late a lost attempt arrives. A seq that is taken by another message is a unique violation, never overwritten.
 */
async function write(db: Db, workspaceId: string, batch: ArchiveBatch): Promise<ArchiveReceipt> {
  const query = sql`select * from kabar_archive(${workspaceId}, ${batch.epoch}, ${batch.firstSeq}, ${batch.lastSeq},
    ${JSON.stringify(batch.messages)}, ${JSON.stringify(batch.reactions)}, ${JSON.stringify(batch.replies)},
    ${JSON.stringify(batch.channels)}, ${JSON.stringify(batch.cursors)}, ${JSON.stringify(batch.mutes)},
    ${JSON.stringify(batch.acts)})`;
  const { rows } = await db.execute<ReceiptRow>(query).catch((error: unknown) => {
    throw isRejected(error) ? new ArchiveRejected(`postgres refused the batch: ${sqlStateOf(error)}`) : error;
  });
  const row = rows[0];
  return {
    applied: row?.applied ?? false,
    versions: new Map(Object.entries(row?.versions ?? {})),
    before: row?.before ?? undefined,
  };
}

/** Data exceptions (22) and violated constraints (23) come back however often the same rows are sent. */
function isRejected(error: unknown): boolean {
  return /^2[23]/.test(sqlStateOf(error) ?? "");
}
