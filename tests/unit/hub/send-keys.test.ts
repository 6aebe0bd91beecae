import { describe, expect, it } from "vitest";
import { SendKeys } from "../../../durable-objects/hub/send-keys.ts";
import { createRig, creation, uuid } from "../../support/hub-rig.ts";

const channel = uuid("channel", 1);
const [ana, budi] = [uuid("user", 1), uuid("user", 2)];
const DAY_MS = 24 * 3_600_000;

async function rigWithChannel() {
  const rig = createRig();
  await rig.hub.applyChannel(channel, 1, creation(1, 3));
  await rig.runtime.advance(300);
  return rig;
}

const keyed = (key: string) => ({ idempotency_key: key });

describe("used idempotency keys", () => {
  it("[SEND-2] are told apart where two have the same number", async () => {
    const rig = await rigWithChannel();
    const first = await rig.send(channel, ana, "first", keyed("a"));
    const number = SendKeys.hash(ana, channel, "b");
    rig.sql.run(`INSERT INTO used_keys (hash, seq) SELECT ?, seq FROM used_keys`, number);
    const second = await rig.send(channel, ana, "second", keyed("b"));
    expect(second).toMatchObject({ seq: 2, content: "second" });
    expect(await rig.send(channel, ana, "repeat", keyed("b"))).toEqual(second);
    expect(await rig.send(channel, ana, "repeat", keyed("a"))).toEqual(first);
  });

  it("[SEND-2] of an earlier version, in a table of their own, stay used until the journal is trimmed", async () => {
    const rig = await rigWithChannel();
    const first = await rig.send(channel, ana, "once", keyed("a"));
    rig.sql.run(
      `INSERT INTO sends SELECT user_id, channel_id, client_id, seq FROM journal WHERE client_id IS NOT NULL`,
    );
    rig.sql.run(`DELETE FROM used_keys`);
    const woken = createRig({ sql: rig.sql, runtime: rig.runtime, archive: rig.archive });
    expect(await woken.send(channel, ana, "again", keyed("a"))).toEqual(first);
    const second = await woken.send(channel, ana, "new", keyed("b"));
    expect(second.seq).toBe(2);
    expect(woken.hub.journal.sendKeys.find(budi, channel, "a")).toBeUndefined();
    await rig.runtime.advance(1_000);
    await woken.hub.archiver.settle([channel]);
    await woken.send(channel, budi, "the head stays");
    await woken.hub.archiver.settle([channel]);
    expect(woken.hub.journal.trim(rig.runtime.now() + DAY_MS, 100)).toBeGreaterThan(0);
    const left = (table: string) => rig.sql.all<{ rows: number }>(`SELECT count(*) AS rows FROM ${table}`)[0]?.rows;
    expect([left("sends"), left("used_keys")]).toEqual([0, 0]);
  });
});
