import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Db } from "../../src/data/db.ts";
import { readAround, readHistory } from "../../src/data/history.ts";
import { listMyChannels } from "../../src/data/me.ts";
import { listPinned } from "../../src/data/pins.ts";
import { createGroup } from "../support/group.ts";
import { blocksOf, statementOf } from "../support/plans.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";

/** A young deployment, or one for announcements. */
describe("what Postgres reads for a page where one user writes everything", () => {
  const MESSAGES = 30_000;
  let stack: TestStack;
  let database: pg.Client;
  let group: Awaited<ReturnType<typeof createGroup>>;
  let workspaceId: string;

  beforeAll(async () => {
    stack = await startTestStack({});
    database = new pg.Client({ connectionString: stack.databaseUrl });
    await database.connect();
    group = await createGroup(stack, "plans", 2);
    const { rows } = await database.query(
      `insert into messages (id, workspace_id, channel_id, seq, user_id, content, type, created_at, thread_root_id, pinned_at)
       select gen_random_uuid(), c.workspace_id, c.id, n, $2, 'message ' || n, 'text',
         now() + n * interval '1 ms', case when n % 3 = 0 then c.id end, case when n % 500 = 0 then now() end
       from channels c, generate_series(1, ${MESSAGES}) n where c.id = $1 returning workspace_id`,
      [group.channelId, group.member(0).id],
    );
    workspaceId = rows[0].workspace_id;
    await database.query(`update channels set last_seq = ${MESSAGES} where id = $1`, [group.channelId]);
    await database.query("vacuum analyze messages");
  });
  afterAll(async () => {
    await database.end();
    await stack.stop();
  });

  it("[HIST-5] is the page and not the channel, for every kind of page and every reader", async () => {
    const { rows } = await database.query(`select id from messages where seq = ${MESSAGES / 2}`);
    for (const userId of [undefined, group.member(0).id]) {
      const view = { workspaceId, channel: group.channelId, userId };
      const page = (more: object) => (db: Db) => readHistory(db, { ...view, limit: 50, ...more });
      const reads: Record<string, (db: Db) => Promise<unknown>> = {
        newest: page({}),
        before: page({ before: MESSAGES / 2 }),
        after: page({ after: MESSAGES / 2 }),
        thread: page({ threadRootId: group.channelId }),
        around: (db) => readAround(db, { ...view, messageId: rows[0].id, older: 25, newer: 25 }),
        pins: (db) => listPinned(db, group.channelId, userId, 50),
        "last messages": (db) => listMyChannels(db, workspaceId, group.member(0).id, false, 50),
      };
      for (const [kind, read] of Object.entries(reads)) {
        const statement = await statementOf(read);
        // The first one also reads the catalogue.
        await blocksOf(database, statement);
        const blocks = await blocksOf(database, statement);
        expect({ kind, userId, blocks, isPage: blocks < 300 }).toEqual({ kind, userId, blocks, isPage: true });
      }
    }
  });
});
