import { sql } from "drizzle-orm";
import type { Db } from "./db.ts";

/** True where a message that is not unsent shows the file. */
export async function isAttachmentUsed(db: Db, url: string): Promise<boolean> {
  const { rows } = await db.execute<{ used: boolean }>(sql`
    select exists (
      select from messages
      where md5(attachment_url) = md5(${url}) and attachment_url = ${url} and attachment_url is not null
        and deleted_at is null
    ) as used`);
  return rows[0]?.used ?? false;
}
