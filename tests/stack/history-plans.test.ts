import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Db } from "../../src/data/db.ts";
import { readAround, readHistory } from "../../src/data/history.ts";
import { postgresHistorySource } from "../../src/data/history-source.ts";
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
    group = await createGroup(stack, "plans", 3);
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
        copy: (db) => postgresHistorySource(db, workspaceId).read(group.channelId, MESSAGES / 2 - 256, MESSAGES / 2),
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

  it("[HIST-5] is the end of a thread, and not all of it, for who replied last", async () => {
    const { rows } = await database.query(`select id from messages where seq = ${MESSAGES}`);
    const [root] = rows;
    const ids = [0, 1, 2].map((index) => group.member(index).id);
    await database.query(
      `insert into messages (id, workspace_id, channel_id, seq, user_id, content, type, created_at, thread_root_id)
       select gen_random_uuid(), m.workspace_id, m.channel_id, m.seq + n, ($2::uuid[])[1 + n % 3], 'reply ' || n, 'text',
         now() + n * interval '1 ms', m.id
       from messages m, generate_series(1, 20000) n where m.id = $1`,
      [root.id, ids],
    );
    await database.query(`update messages set reply_count = 20000 where id = $1`, [root.id]);
    await database.query("vacuum analyze messages");
    const view = { workspaceId, channel: group.channelId, userId: undefined };
    const statement = await statementOf((db) => readAround(db, { ...view, messageId: root.id, older: 25, newer: 0 }));
    await blocksOf(database, statement);
    expect(await blocksOf(database, statement)).toBeLessThan(300);
    const { body } = await group.member(0).get(`/v1/channels/${group.channelId}/messages/${root.id}`);
    expect(body.last_repliers.map(({ id }: { id: string }) => id)).toEqual([ids[2], ids[1], ids[0]]);
  });
});
