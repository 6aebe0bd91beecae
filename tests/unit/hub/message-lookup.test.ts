import { describe, expect, it } from "vitest";
import { tombstoneOf } from "../../../src/domain/tombstone.ts";
import { changedMessageSchema } from "../../../src/protocol/message.ts";
import { createRig, creation, uuid } from "../../support/hub-rig.ts";

const channel = uuid("channel", 1);
const ana = uuid("user", 1);

/** A hub that woke up and knows of its one message only what Postgres says. */
async function wokenRig() {
  const rig = createRig();
  await rig.hub.applyChannel(channel, 1, creation(1, 2));
  const sent = await rig.send(channel, ana, "said");
  await rig.hub.settled({ channel });
  const woken = createRig({ sql: rig.sql, runtime: rig.runtime, archive: rig.archive });
  const blank = tombstoneOf(changedMessageSchema().parse(sent), sent.created_at);
  /** As an erasure takes a message back, which keeps nothing of it in memory. */
  const takeBack = () => {
    const { journal, archiver } = woken.hub;
    const body = JSON.stringify({ channel_id: channel, message_id: sent.id, message: blank });
    const ids = { channelId: channel, userId: null, messageId: sent.id, clientId: null };
    archiver.appended(journal.transaction(() => journal.append({ type: "message.deleted", body, ...ids })));
  };
  return { ...woken, sent, takeBack };
}

describe("message lookup", () => {
  it("[HIST-12] a message that is taken back while Postgres is asked for it is read again", async () => {
    const { hub, archive, sent, takeBack } = await wokenRig();
    const findMessage = archive.findMessage.bind(archive);
    let reads = 0;
    archive.findMessage = async (...ids) => {
      const found = await findMessage(...ids);
      if (reads++ === 0) takeBack();
      return found;
    };
    const state = await hub.lookup.find(channel, sent.id);
    expect(state?.message).toMatchObject({ content: "" });
    expect(state?.message.deleted_at).not.toBeNull();
    expect(reads).toBe(2);
  });

  it("[HIST-12] a message that changes at every read is an error, not a guess", async () => {
    const { hub, archive, sent, takeBack } = await wokenRig();
    const findMessage = archive.findMessage.bind(archive);
    archive.findMessage = async (...ids) => {
      const found = await findMessage(...ids);
      takeBack();
      return found;
    };
    await expect(hub.lookup.find(channel, sent.id)).rejects.toThrow("does not stay the same");
    expect(hub.lookup.recent(sent.id)).toBeUndefined();
  });
});
