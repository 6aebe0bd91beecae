import { describe, expect, it } from "vitest";
import { defaultWorkspaceSettings } from "../../../src/protocol/workspace.ts";
import { createRig, creation, MemoryArchive, uuid } from "../../support/hub-rig.ts";
import { MemoryPrivacy } from "../../support/memory-privacy.ts";

const channel = uuid("channel", 1);
const ana = uuid("user", 1);
const DAY = 24 * 3_600_000;

async function rigWithMessages(count: number) {
  const archive = new MemoryArchive();
  const privacy = new MemoryPrivacy(archive);
  const rig = createRig({ archive, privacy: privacy.options });
  await rig.hub.applyChannel(channel, 1, creation(1, 2));
  for (let n = 0; n < count; n++) await rig.send(channel, ana, `message ${n}`);
  await rig.runtime.advance(1_000);
  const keep = (days: number | null, version: number) => {
    rig.hub.settings.apply(version, { ...defaultWorkspaceSettings(), retention_days: days });
    rig.hub.retention?.restart();
  };
  const runAlarms = async (times: number) => {
    for (let n = 0; n < times; n++) {
      rig.runtime.time = Math.max(rig.runtime.time, rig.runtime.alarmAt ?? rig.runtime.time);
      await rig.hub.alarm();
    }
  };
  return { ...rig, privacy, keep, runAlarms };
}

describe("retention", () => {
  it("[KEEP-1] ends messages in bounded steps once they are too old, and not before", async () => {
    const rig = await rigWithMessages(1_200);
    rig.keep(2, 1);
    await rig.runAlarms(3);
    expect(rig.archive.rows).toHaveLength(1_200);
    rig.runtime.time += 2 * DAY;
    await rig.hub.alarm();
    expect(rig.archive.rows).toHaveLength(700);
    await rig.runAlarms(4);
    expect(rig.archive.rows).toHaveLength(0);
    expect((await rig.send(channel, ana, "next")).seq).toBe(1_201);
  });

  it("[KEEP-2] keeps everything without a retention, and keeps an idle hub awake only where there is one", async () => {
    const rig = await rigWithMessages(10);
    rig.runtime.time += 400 * DAY;
    await rig.runAlarms(3);
    expect(rig.archive.rows).toHaveLength(10);
    expect(rig.hub.retention?.nextAttempt()).toBeUndefined();
    rig.keep(30, 1);
    await rig.runAlarms(2);
    expect(rig.archive.rows).toHaveLength(0);
    expect(rig.runtime.alarmAt).toBeGreaterThan(rig.runtime.time);
    rig.keep(null, 2);
    expect(rig.hub.retention?.nextAttempt()).toBeUndefined();
  });

  it("[KEEP-3] trims the journal by the same age", async () => {
    const rig = await rigWithMessages(10);
    expect(rig.hub.journal.trimmed).toBe(0);
    rig.keep(1, 1);
    rig.runtime.time += DAY + 1_000;
    await rig.runAlarms(2);
    expect(rig.sql.all(`SELECT 1 FROM journal WHERE body LIKE '%message 0%'`)).toEqual([]);
  });

  it("[KEEP-4] removes the files of ended messages, however often Postgres or the store fails", async () => {
    const rig = await rigWithMessages(1);
    const url = "https://files.example.test/chat/w/a.png";
    const foreign = "https://elsewhere.example.test/a.png";
    rig.privacy.files.add(url).add(foreign);
    await rig.send(channel, ana, "", { attachment_url: url });
    await rig.runtime.advance(1_000);
    const row = rig.archive.rows[0];
    if (row !== undefined) row.attachment_url = foreign;
    rig.keep(1, 1);
    rig.runtime.time += DAY + 5_000;
    for (const failAfter of [1, 2, 1, 3]) {
      rig.privacy.calls = 0;
      rig.privacy.failAfter = failAfter;
      await rig.runAlarms(2);
    }
    rig.privacy.failAfter = Number.POSITIVE_INFINITY;
    await rig.runAlarms(8);
    expect(rig.archive.rows).toEqual([]);
    expect([...rig.privacy.files]).toEqual([foreign]);
  });

  it("[PRIV-6] a file that is shown again by a message which Postgres does not have yet stays", async () => {
    const rig = await rigWithMessages(1);
    const url = "https://files.example.test/chat/w/a.png";
    rig.privacy.files.add(url);
    const first = await rig.send(channel, ana, "", { attachment_url: url });
    await rig.hub.messageChanges.unsend({ channel, messageId: first.id, actor: { userId: ana } });
    const isUsed = rig.privacy.isUsed.bind(rig.privacy);
    const asked: boolean[] = [];
    rig.privacy.isUsed = async (file) => {
      const is = await isUsed(file);
      asked.push(is);
      await rig.send(channel, ana, "", { attachment_url: url });
      return is;
    };
    await rig.runAlarms(2);
    expect(asked).toEqual([false]);
    expect([...rig.privacy.files]).toEqual([url]);
  });
});
