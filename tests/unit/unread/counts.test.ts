import fc from "fast-check";
import { expect, it } from "vitest";
import type { ChannelChange } from "../../../src/domain/hub-contract.ts";
import type { Message } from "../../../src/protocol/message.ts";
import { createRig, creation, profile, uuid } from "../../support/hub-rig.ts";

const channel = uuid("channel", 1);
const user = (n: number) => uuid("user", n);
const USERS = 4;

const step = fc.record({
  do: fc.constantFrom(
    "send",
    "send",
    "send",
    "reply",
    "read",
    "readTo",
    "delivered",
    "edit",
    "unsend",
    "leave",
    "join",
    "wake",
    "down",
    "up",
    "wait",
    "check",
  ),
  user: fc.integer({ min: 1, max: USERS }),
  other: fc.integer({ min: 1, max: USERS }),
  pick: fc.nat(),
});

/** What a user has not read by the plainest of counts. */
interface Unread {
  messages: number;
  mentions: number;
}

/**
 * What the archive makes of the journal, counted as the API counts (newest seq less the read cursor; mentions above it),
 * against a recount of every message by a model that knows nothing of either.
 */
it("[UNREAD-1] counts from sequence numbers equal a recount of the messages after any history", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      let rig = createRig();
      await rig.hub.applyChannel(channel, 1, creation(1, USERS));
      await rig.runtime.advance(300);
      let version = 1;

      // The model: all messages as they are now, and how far each member has come.
      const messages: { message: Message; mentions: Set<string>; unsent: boolean }[] = [];
      const reached = new Map<string, number>();
      for (let n = 1; n <= USERS; n++) reached.set(user(n), 0);
      const recount = (userId: string): Unread => {
        const unread = messages.filter(({ message }) => message.seq > (reached.get(userId) ?? 0));
        return { messages: unread.length, mentions: unread.filter((one) => one.mentions.has(userId)).length };
      };

      // Postgres: memberships with their cursors, as `src/data/archive.ts` moves them.
      const rows = new Map([...reached]);
      let [applied, lastSeq] = [0, 0];
      const archived = () => {
        for (const batch of rig.archive.batches.slice(applied)) {
          for (const { seq } of batch.messages) lastSeq = Math.max(lastSeq, seq);
          for (const { user_id: id, read_seq: seq } of batch.cursors) {
            const row = rows.get(id);
            if (row !== undefined) rows.set(id, Math.max(row, seq));
          }
        }
        applied = rig.archive.batches.length;
      };
      const counted = (userId: string): Unread => {
        const cursor = rows.get(userId) ?? 0;
        const mentions = rig.archive.rows.filter(
          (row) => row.seq > cursor && row.mentions.some((mention) => mention.user_id === userId),
        );
        return { messages: Math.max(0, lastSeq - cursor), mentions: mentions.length };
      };
      const check = async () => {
        rig.archive.up = true;
        await rig.runtime.advance(70_000);
        expect(await rig.hub.archiver.settle([channel])).toBe(true);
        archived();
        for (const userId of reached.keys()) expect(counted(userId)).toEqual(recount(userId));
      };
      const apply = (part: Partial<ChannelChange>) =>
        rig.hub.applyChannel(channel, ++version, { ...creation(1, 0), version, joined: [], users: [], ...part });

      for (const one of steps) {
        const who = user(one.user);
        const mentioned = user(one.other);
        const isMember = reached.has(who);
        const mentions = reached.has(mentioned) && one.pick % 2 === 0 ? [mentioned] : [];
        const picked = messages[one.pick % Math.max(1, messages.length)];
        if (one.do === "send" && isMember) {
          const message = await rig.send(channel, who, "x", { mentions });
          messages.push({ message, mentions: new Set(mentions), unsent: false });
          reached.set(who, message.seq);
        } else if (
          one.do === "reply" &&
          isMember &&
          rig.archive.up &&
          picked &&
          !picked.unsent &&
          !picked.message.thread_root_id
        ) {
          const message = await rig.send(channel, who, "x", { thread_root_id: picked.message.id, mentions });
          messages.push({ message, mentions: new Set(mentions), unsent: false });
          reached.set(who, message.seq);
        } else if (one.do === "read" && isMember) {
          await rig.hub.receipt({ kind: "read", channel, userId: who });
          reached.set(who, messages.length);
        } else if (one.do === "readTo" && isMember && picked && rig.archive.up) {
          await rig.hub.receipt({ kind: "read", channel, userId: who, messageId: picked.message.id });
          reached.set(who, Math.max(reached.get(who) ?? 0, picked.message.seq));
        } else if (one.do === "delivered" && isMember) {
          void rig.hub.receipt({ kind: "delivered", channel, userId: who });
          await rig.runtime.advance(250);
        } else if ((one.do === "edit" || one.do === "unsend") && picked && !picked.unsent && rig.archive.up) {
          const target = { channel, messageId: picked.message.id, actor: { workspace: true } as const };
          const changed =
            one.do === "edit"
              ? await rig.hub.messageChanges.edit({ ...target, body: { content: `e${one.pick}`, mentions } })
              : await rig.hub.messageChanges.unsend(target);
          expect(changed.ok).toBe(true);
          picked.mentions = new Set(one.do === "edit" ? mentions : []);
          picked.unsent = one.do === "unsend";
        } else if (one.do === "leave" && isMember && reached.size > 1) {
          rows.delete(who);
          reached.delete(who);
          await apply({ left: [who] });
        } else if (one.do === "join" && !isMember) {
          archived();
          rows.set(who, lastSeq);
          reached.set(who, messages.length);
          const joined = [{ user_id: who, role: null, joined_at: new Date(rig.runtime.time).toISOString() }];
          await apply({ joined, users: [profile(one.user)] });
        } else if (one.do === "wake") {
          rig = createRig({ sql: rig.sql, runtime: rig.runtime, archive: rig.archive });
        } else if (one.do === "down") rig.archive.up = false;
        else if (one.do === "up") rig.archive.up = true;
        else if (one.do === "wait") await rig.runtime.advance(one.pick % 3_000);
        else if (one.do === "check") await check();
      }
      await check();
    }),
    { numRuns: 300 },
  );
});
