import { describe, expect, it } from "vitest";
import { tombstoneOf } from "../../../src/domain/tombstone.ts";
import { changedMessageSchema } from "../../../src/protocol/message.ts";
import { createRig, creation, profile, uuid } from "../../support/hub-rig.ts";

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

  it("[HIST-12] a new message that nobody has asked for is read from the journal, with its author as now", async () => {
    const rig = createRig();
    await rig.hub.applyChannel(channel, 1, creation(1, 3));
    const sent = await rig.send(channel, ana, "said");
    const other = await rig.send(channel, uuid("user", 2), "heard");
    const renamed = { ...profile(1), name: "Ana Maria", version: 2 };
    rig.hub.applyUser(renamed);
    rig.archive.findMessage = () => Promise.reject(new Error("Postgres is away"));
    expect((await rig.hub.lookup.find(channel, sent.id))?.message).toMatchObject({
      content: "said",
      user: { id: ana, name: "Ana Maria" },
    });
    expect((await rig.hub.lookup.find(channel, other.id))?.message).toMatchObject({ user: { name: "User 2" } });
    expect(rig.hub.lookup.recent(sent.id)).toBe(rig.hub.lookup.recent(sent.id));
  });

  it("[EDIT-1] a reply that nobody has asked for quotes what it answers as it is now", async () => {
    const rig = createRig();
    await rig.hub.applyChannel(channel, 1, creation(1, 3));
    const sent = await rig.send(channel, ana, "said");
    const reply = await rig.send(channel, uuid("user", 2), "what?", { parent_id: sent.id });
    const edit = { channel, messageId: sent.id, actor: { userId: ana }, body: { content: "said better" } };
    expect(await rig.hub.messageChanges.edit(edit)).toMatchObject({ ok: true });
    const state = await rig.hub.lookup.find(channel, reply.id);
    expect(state?.message.quoted_message).toMatchObject({ id: sent.id, content: "said better" });
  });

  it("[HIST-12] a message whose event was trimmed before anybody asked for it is read from Postgres", async () => {
    const rig = createRig();
    await rig.hub.applyChannel(channel, 1, creation(1, 3));
    const sent = await rig.send(channel, ana, "said");
    await rig.hub.settled({ channel });
    await rig.send(channel, ana, "the head stays");
    expect(rig.hub.journal.trim(rig.runtime.now() + 1, 100)).toBeGreaterThan(0);
    expect(rig.hub.lookup.recent(sent.id)).toBeUndefined();
    expect((await rig.hub.lookup.find(channel, sent.id))?.message).toMatchObject({ content: "said" });
  });

  it("[PRIV-5] what is older than a workspace keeps is forgotten, asked for or not", async () => {
    const rig = createRig();
    await rig.hub.applyChannel(channel, 1, creation(1, 3));
    const [asked, unasked] = [await rig.send(channel, ana, "old"), await rig.send(channel, ana, "old too")];
    expect(rig.hub.lookup.recent(asked.id)).toBeDefined();
    await rig.runtime.advance(1_000);
    const young = await rig.send(channel, ana, "young");
    expect(rig.hub.lookup.recent(young.id)).toBeDefined();
    rig.hub.lookup.forgetBefore(young.created_at);
    const left = [asked, unasked, young].map(({ id }) => rig.hub.lookup.recent(id)?.message.content);
    expect(left).toEqual([undefined, undefined, "young"]);
  });
});
