import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Receiver } from "../../support/receiver.ts";
import { channel, contentsByChannel, createHookRig, type HookRig, user, webhook } from "./hook-rig.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe("failures, dead letters and redelivery", () => {
  let receiver: Receiver;
  let rig: HookRig;
  beforeEach(async () => {
    receiver = await new Receiver().start();
    rig = createHookRig();
    await rig.groups(1);
  });
  afterEach(() => receiver.stop());
  const sendMany = async (count: number, prefix: string) => {
    for (let n = 1; n <= count; n++) await rig.send(channel(1), user(1), `${prefix}${n}`);
    await rig.pass(1_000);
  };

  it("[HOOK-8] is disabled after 24 given-up deliveries in a row; one success begins the count again", async () => {
    const hook = webhook(1, receiver.url, { events: ["message.created"] });
    rig.configure(hook);
    receiver.reply = () => ({ status: 400 });
    await sendMany(23, "a");
    receiver.reply = () => ({});
    await sendMany(1, "b");
    receiver.reply = () => ({ status: 400 });
    await sendMany(23, "c");
    expect(rig.webhooks.registry.isEnabled(hook.id)).toBe(true);
    await sendMany(5, "d");
    expect(rig.webhooks.registry.isEnabled(hook.id)).toBe(false);
    // Postgres was told.
    expect(rig.store.snapshot.webhooks[0]?.enabled).toBe(false);
    expect(receiver.received).toHaveLength(48);
    const log = await rig.log(hook.id, { status: "failed" });
    expect(log.slice(0, 4).map((one) => one.error)).toEqual(Array(4).fill("the webhook was disabled"));
    // Nothing is queued for a disabled one.
    await sendMany(3, "e");
    expect(receiver.received).toHaveLength(48);
    // Enabled again it starts afresh, with what happens from then on.
    receiver.reply = () => ({});
    rig.configure({ ...hook, activation: 2 });
    await sendMany(2, "f");
    expect(receiver.received.slice(48).map(({ json }) => json.data.message.content)).toEqual(["f1", "f2"]);
  });

  it("[HOOK-9] stays disabled over an eviction while Postgres is away, and tells it when it is back", async () => {
    const hook = webhook(1, receiver.url, { events: ["message.created"] });
    rig.configure(hook);
    receiver.reply = () => ({ status: 400 });
    rig.store.up = false;
    await sendMany(24, "a");
    const { sql, archive, store } = rig;
    const later = createHookRig({ sql, archive, store });
    later.runtime.time = rig.runtime.time;
    later.runtime.alarmAt = rig.runtime.alarmAt;
    expect(later.webhooks.registry.isEnabled(hook.id)).toBe(false);
    await later.pass(2 * 60_000);
    expect(store.snapshot.webhooks[0]?.enabled).toBe(true);
    store.up = true;
    await later.pass(2 * 60_000);
    expect(store.snapshot.webhooks[0]?.enabled).toBe(false);
  });

  it("[HOOK-10] keeps dead letters for seven days and delivered ones for one, then both are gone", async () => {
    const hook = webhook(1, receiver.url, { events: ["message.created"] });
    rig.configure(hook);
    receiver.reply = () => ({ status: 400 });
    await sendMany(2, "dead");
    receiver.reply = () => ({});
    await sendMany(2, "fine");
    await rig.pass(DAY - HOUR);
    expect((await rig.log(hook.id)).map((one) => one.status)).toEqual(["delivered", "delivered", "failed", "failed"]);
    await rig.pass(2 * HOUR);
    expect((await rig.log(hook.id)).map((one) => one.status)).toEqual(["failed", "failed"]);
    await rig.pass(6 * DAY - 2 * HOUR);
    expect(await rig.log(hook.id)).toHaveLength(2);
    // The journal is kept for a day in this rig; what a dead letter tells of is kept with it.
    const [newest] = await rig.log(hook.id);
    expect((await rig.deliveries.redeliver(hook.id, Number(newest?.id.slice(4)))).ok).toBe(true);
    await rig.pass(1_000);
    expect(receiver.received.at(-1)?.json.data.message.content).toBe("dead2");
    await rig.pass(3 * HOUR);
    expect(await rig.log(hook.id, { status: "failed" })).toEqual([]);
    await rig.pass(2 * DAY);
    expect(await rig.log(hook.id)).toEqual([]);
    // Nothing wakes the object any more.
    expect(rig.webhooks.nextAttempt(rig.runtime.time)).toBeUndefined();
  });

  it("[HOOK-11] delivers again under the same event id what has ended, with the whole schedule before it", async () => {
    const hook = webhook(1, receiver.url, { events: ["message.created"] });
    rig.configure(hook);
    receiver.reply = () => ({ status: 410 });
    await sendMany(1, "x");
    const [dead] = await rig.log(hook.id);
    receiver.reply = () => (receiver.received.length < 3 ? { status: 500 } : {});
    const number = Number(dead?.id.slice(4));
    const first = await rig.deliveries.redeliver(hook.id, number);
    expect(first).toMatchObject({ ok: true, value: { id: dead?.id, status: "pending", attempts: 0 } });
    await rig.pass(1_000);
    // A pending one is tried at once; asking twice asks for one attempt.
    expect((await rig.log(hook.id))[0]).toMatchObject({ status: "pending", attempts: 1, response_status: 500 });
    await Promise.all([rig.deliveries.redeliver(hook.id, number), rig.deliveries.redeliver(hook.id, number)]);
    await rig.pass(1_000);
    expect(await rig.log(hook.id)).toMatchObject([{ id: dead?.id, status: "delivered", attempts: 2 }]);
    expect(new Set(receiver.received.map(({ json }) => json.event_id))).toEqual(new Set([dead?.event_id]));
    expect(receiver.received).toHaveLength(3);
    expect(await rig.deliveries.redeliver(hook.id, 999)).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
    rig.configure({ ...hook, enabled: false });
    expect(await rig.deliveries.redeliver(hook.id, number)).toMatchObject({ ok: false, error: { code: "CONFLICT" } });
  });

  it("[HOOK-12] what waits for a message that is unsent meanwhile goes out without its content", async () => {
    const hook = webhook(1, receiver.url, { events: ["message.created", "message.deleted"] });
    rig.configure(hook);
    receiver.reply = () => ({ status: 500 });
    const message = await rig.send(channel(1), user(1), "the secret is 4711");
    await rig.pass(1_000);
    const target = { channel: channel(1), messageId: message.id, actor: { userId: user(1) } };
    expect((await rig.hub.messageChanges.unsend(target)).ok).toBe(true);
    receiver.received.length = 0;
    receiver.reply = () => ({});
    await rig.pass(HOUR);
    expect(receiver.events).toEqual(["message.created", "message.deleted"]);
    expect(JSON.stringify(receiver.received)).not.toContain("4711");
    expect(receiver.received[1]?.json.data.message).toMatchObject({ id: message.id, deleted_at: expect.any(String) });
  });

  it("[HOOK-13] a test event is tried once, also by a disabled webhook, and never counts as a failure", async () => {
    const hook = webhook(1, receiver.url, { events: ["message.created"], enabled: false });
    rig.configure(hook);
    receiver.reply = () => ({ status: 500 });
    const [one, two] = await Promise.all([rig.deliveries.test(hook.id), rig.deliveries.test(hook.id)]);
    expect(one).toEqual(two);
    await rig.pass(HOUR);
    expect(receiver.events).toEqual(["webhook.test"]);
    expect(await rig.log(hook.id)).toMatchObject([{ event: "webhook.test", status: "failed", attempts: 1 }]);
    rig.configure({ ...hook, enabled: true, activation: 2 });
    for (let n = 0; n < 30; n++) {
      await rig.deliveries.test(hook.id);
      await rig.pass(1_000);
    }
    expect(rig.webhooks.registry.isEnabled(hook.id)).toBe(true);
  });

  it("[HOOK-14] lists at most the last thousand delivered ones and a bit more, and pages them", async () => {
    const hook = webhook(1, receiver.url, { events: ["message.created"] });
    rig.configure(hook);
    await sendMany(1_300, "m");
    await rig.pass(10_000);
    expect(receiver.received).toHaveLength(1_300);
    expect(contentsByChannel(receiver.received)[channel(1)]?.at(-1)).toBe("m1300");
    const log = await rig.log(hook.id);
    expect(log.length).toBeGreaterThanOrEqual(1_000);
    expect(log.length).toBeLessThanOrEqual(1_251);
    const page = await rig.deliveries.list({ webhookId: hook.id, limit: 2, before: Number(log[4]?.id.slice(4)) });
    expect(page.ok && page.value.map(({ delivery }) => delivery.id)).toEqual([log[5]?.id, log[6]?.id]);
  });
});
