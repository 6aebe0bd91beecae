import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WEBHOOK_EVENTS } from "../../../src/protocol/webhook.ts";
import { workspaceSettingsSchema } from "../../../src/protocol/workspace.ts";
import { creation, profile } from "../../support/hub-rig.ts";
import { Receiver } from "../../support/receiver.ts";
import { channel, createHookRig, type HookRig, user, webhook } from "./hook-rig.ts";

const wireUser = (n: number) => ({ id: user(n), external_id: `user-${n}`, name: `User ${n}` });
const ids = { channel_id: channel(1), channel_external_id: "channel-1" };

describe("what webhooks are told", () => {
  let receiver: Receiver;
  let rig: HookRig;
  beforeEach(async () => {
    receiver = await new Receiver().start();
    rig = createHookRig();
  });
  afterEach(() => receiver.stop());
  const dataOf = (event: string) =>
    receiver.received.filter(({ json }) => json.event === event).map(({ json }) => json.data);

  it("[HOOK-22] tells of each event in its documented form, per member and per mentioned user, never of reads", async () => {
    rig.configure(webhook(1, receiver.url));
    await rig.groups(1, 2);
    const join = { ...creation(1, 2), version: 2 };
    const newcomers = [3, 4].map((n) => ({
      user_id: user(n),
      role: "member" as const,
      joined_at: "2026-01-01T01:00:00.000Z",
    }));
    await rig.hub.applyChannel(channel(1), 2, { ...join, joined: newcomers, users: [profile(3), profile(4)] });
    const parent = await rig.send(channel(1), user(1), "parent");
    const message = await rig.send(channel(1), user(1), "hi both", {
      mentions: ["user-2", "user-3"],
      parent_id: parent.id,
    });
    const target = { channel: channel(1), messageId: message.id };
    const actor = { userId: user(1) };
    await rig.hub.messageChanges.edit({
      ...target,
      actor,
      body: { content: "hi all", mentions: ["user-2", "user-4"] },
    });
    await rig.hub.messageChanges.react({ ...target, userId: user(2), emoji: "🎉" });
    await rig.hub.messageChanges.react({ ...target, userId: user(2), emoji: undefined });
    await rig.hub.receipt({ kind: "read", channel: channel(1), userId: user(2) });
    await rig.pass(1_000);
    await rig.hub.messageChanges.unsend({ ...target, actor });
    await rig.hub.applyChannel(channel(1), 3, { ...join, version: 3, joined: [], users: [], left: [user(3), user(4)] });
    await rig.hub.applyChannel(channel(1), 4, { ...join, version: 4, joined: [], users: [], deleted: true });
    await rig.pass(2_000);

    expect(receiver.events).toEqual([
      "channel.created",
      "member.joined",
      "member.joined",
      "message.created",
      "message.created",
      "message.mentioned",
      "message.mentioned",
      "message.updated",
      "message.mentioned",
      "message.reaction.added",
      "message.reaction.removed",
      "message.deleted",
      "member.left",
      "member.left",
      "channel.deleted",
    ]);
    const joined = (n: number) => ({ ...ids, user: wireUser(n), role: "member", joined_at: newcomers[0]?.joined_at });
    expect(dataOf("member.joined")).toEqual([joined(3), joined(4)]);
    expect(dataOf("member.left")).toEqual([3, 4].map((n) => ({ ...ids, user: wireUser(n) })));
    expect(dataOf("channel.deleted")).toEqual([ids]);
    expect(dataOf("channel.created")[0].channel).toMatchObject({ id: channel(1), type: "group", member_count: 2 });
    const reaction = { ...ids, message_id: message.id, user: wireUser(2), emoji: "🎉" };
    expect(dataOf("message.reaction.added")).toEqual([reaction]);
    expect(dataOf("message.reaction.removed")).toEqual([reaction]);
    const base = {
      id: message.id,
      ...ids,
      user: wireUser(1),
      type: "text",
      attachment_url: null,
      created_at: message.created_at,
      parent_id: parent.id,
    };
    expect(dataOf("message.created")[1].message).toMatchObject({ ...base, content: "hi both" });
    const deleted = { ...base, content: "", deleted_at: expect.any(String) };
    expect(dataOf("message.deleted")).toEqual([{ message: deleted }]);
    expect(dataOf("message.mentioned").map((data) => [data.user, data.by_user])).toEqual(
      [2, 3, 4].map((n) => [wireUser(n), wireUser(1)]),
    );
  });

  it("[HOOK-23] a message has exactly the documented keys; what does not apply is absent, not null", async () => {
    rig.configure(webhook(1, receiver.url, { events: ["message.created", "message.updated"] }));
    await rig.groups(1, 2);
    const parent = await rig.send(channel(1), user(1), "parent");
    const reply = await rig.send(channel(1), user(2), "reply", { parent_id: parent.id, mentions: ["user-1"] });
    await rig.hub.messageChanges.edit({
      channel: channel(1),
      messageId: parent.id,
      actor: { userId: user(1) },
      body: { content: "p2" },
    });
    await rig.pass(2_000);
    const plain = { ...ids, type: "text", attachment_url: null };
    expect(receiver.received.map(({ json }) => json)).toEqual([
      {
        event_id: expect.stringMatching(/^evt_[0-9A-HJKMNP-TV-Z]{26}$/),
        event: "message.created",
        workspace_id: "0190a000-0000-7000-8000-000000000000",
        created_at: parent.created_at,
        data: {
          message: { ...plain, id: parent.id, user: wireUser(1), content: "parent", created_at: parent.created_at },
        },
      },
      expect.objectContaining({
        data: {
          message: {
            ...plain,
            id: reply.id,
            user: wireUser(2),
            content: "reply",
            created_at: reply.created_at,
            parent_id: parent.id,
            quoted_message: {
              id: parent.id,
              user_id: user(1),
              user_name: "User 1",
              content: "parent",
              type: "text",
              deleted: false,
            },
            mentions: [{ user_id: user(1), external_id: "user-1", name: "User 1" }],
          },
        },
      }),
      expect.objectContaining({
        event: "message.updated",
        data: {
          message: {
            ...plain,
            id: parent.id,
            user: wireUser(1),
            content: "p2",
            created_at: parent.created_at,
            edited_at: expect.any(String),
          },
        },
      }),
    ]);
  });

  it("[HOOK-24] each webhook gets only the events that it asked for, all under one event id", async () => {
    const other = await new Receiver().start();
    rig.configure(
      webhook(1, receiver.url, { events: ["message.created", "message.mentioned"] }),
      webhook(2, other.url, { events: ["message.created"] }),
      webhook(3, other.url, { events: ["message.created"], enabled: false }),
    );
    await rig.groups(1, 2);
    await rig.send(channel(1), user(1), "hi", { mentions: ["user-2"] });
    await rig.pass(1_000);
    expect(receiver.events).toEqual(["message.created", "message.mentioned"]);
    expect(other.events).toEqual(["message.created"]);
    expect(other.received[0]?.json.event_id).toBe(receiver.received[0]?.json.event_id);
    await other.stop();
  });

  it("[HOOK-25] a webhook is told of nothing that happened before it was there", async () => {
    await rig.groups(1, 2);
    await rig.send(channel(1), user(1), "before");
    rig.configure(webhook(1, receiver.url, { events: ["message.created"] }));
    await rig.send(channel(1), user(1), "between");
    rig.configure(webhook(1, receiver.url, { events: [...WEBHOOK_EVENTS] }));
    await rig.send(channel(1), user(1), "after");
    await rig.pass(1_000);
    expect(dataOf("message.created").map(({ message }) => message.content)).toEqual(["between", "after"]);
  });

  it("[HOOK-26] announces a new user once, however often the call is repeated, and forgets it with the user", async () => {
    const time = "2026-01-02T00:00:00.000Z";
    const ana = {
      id: user(1),
      external_id: "ana",
      name: "Ana",
      avatar_url: null,
      metadata: { plan: "pro" },
      created_at: time,
      updated_at: time,
    };
    rig.webhooks.announceUser(ana);
    rig.configure(webhook(1, receiver.url, { created_at: "2026-01-01T00:00:00.000Z" }));
    for (let n = 0; n < 3; n++) rig.webhooks.announceUser(ana);
    rig.webhooks.announceUser({ ...ana, id: user(2), created_at: "2025-12-31T23:59:59.000Z" });
    await rig.pass(1_000);
    expect(receiver.received.map(({ json }) => [json.event, json.data])).toEqual([["user.created", { user: ana }]]);
    receiver.reply = () => ({ status: 400 });
    rig.webhooks.announceUser({ ...ana, id: user(3), name: "Budi" });
    await rig.pass(1_000);
    rig.hub.removeUser(user(3));
    const hook = rig.store.snapshot.webhooks[0]?.id ?? "";
    const [dead] = await rig.log(hook);
    await rig.deliveries.redeliver(hook, Number(dead?.id.slice(4)));
    await rig.pass(1_000);
    expect(receiver.received.at(-1)?.json.data).toEqual({ user: { id: user(3), external_id: null, name: "" } });
  });

  it("[HOOK-27] takes events that are not in the journal, in order with those of their channel", async () => {
    rig.configure(webhook(1, receiver.url, { events: ["message.created", "message.moderated"] }));
    await rig.groups(1, 2);
    await rig.send(channel(1), user(1), "one");
    rig.webhooks.enqueue("message.moderated", channel(1), { note: "extra" });
    await rig.send(channel(1), user(1), "two");
    await rig.pass(1_000);
    expect(receiver.events).toEqual(["message.created", "message.moderated", "message.created"]);
    expect(receiver.received[1]?.json.data).toEqual({ note: "extra" });
  });

  it("[HOOK-28] reads the configuration again within a minute of use, where a call of the Worker was lost", async () => {
    await rig.groups(1, 2);
    await rig.pass(1_000);
    const hook = webhook(1, receiver.url, { events: ["message.created"] });
    rig.store.set([hook]);
    await rig.pass(61_000);
    await rig.send(channel(1), user(1), "not yet");
    await rig.pass(1_000);
    await rig.send(channel(1), user(1), "hello");
    await rig.pass(1_000);
    expect(dataOf("message.created").map(({ message }) => message.content)).toEqual(["hello"]);
    rig.store.set([]);
    await rig.pass(61_000);
    await rig.send(channel(1), user(1), "last");
    await rig.pass(1_000);
    await rig.send(channel(1), user(1), "gone");
    await rig.pass(1_000);
    expect(receiver.received).toHaveLength(2);
    expect(await rig.deliveries.list({ webhookId: hook.id, limit: 1 })).toMatchObject({ ok: false });
  });

  it("[HOOK-39] nothing is kept in the journal for webhooks that are not there, disabled or not interested", async () => {
    await rig.groups(1, 2);
    await rig.send(channel(1), user(1), "no webhook");
    expect(rig.webhooks.doneThrough()).toBe(rig.hub.journal.head);
    rig.configure(
      webhook(1, receiver.url, { enabled: false }),
      webhook(2, receiver.url, { events: ["channel.deleted"] }),
    );
    await rig.send(channel(1), user(1), "not theirs");
    expect(rig.webhooks.doneThrough()).toBe(rig.hub.journal.head);
    await rig.pass(1_000);
    expect(receiver.received).toEqual([]);
  });

  it("[HOOK-41] tells of what moderation did, with the message's id where it was stored", async () => {
    rig.configure(webhook(1, receiver.url, { events: ["message.moderated"] }));
    await rig.groups(1, 2);
    const rule = (action: string) => ({ enabled: true, blocklist: ["blorp"], profanity: { enabled: true, action } });
    const set = (version: number, action: string) =>
      rig.hub.settings.apply(version, workspaceSettingsSchema().parse({ moderation: rule(action) }));
    set(1, "mask");
    const masked = await rig.send(channel(1), user(1), "you blorp");
    set(2, "reject");
    await expect(rig.send(channel(1), user(1), "you blorp")).rejects.toThrow("MESSAGE_REJECTED");
    await rig.pass(1_000);
    const base = { ...ids, user: wireUser(1), rule: "profanity", rules: ["profanity"] };
    expect(dataOf("message.moderated")).toEqual([
      { ...base, message_id: masked.id, action: "mask" },
      { ...base, action: "reject" },
    ]);
    expect(JSON.stringify(receiver.received)).not.toContain("blorp");
  });
});
