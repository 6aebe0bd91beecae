import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Receiver } from "../../support/receiver.ts";
import { channel, contentsByChannel, createHookRig, user, webhook } from "./hook-rig.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const MESSAGES = ["message.created"] as const;

describe("delivery under failures", () => {
  let receiver: Receiver;
  beforeEach(async () => {
    receiver = await new Receiver().start();
  });
  afterEach(() => receiver.stop());

  it("[HOOK-1] retries after 30 s, 2 min, 10 min, 1 h and 6 h under the same event id, then makes a dead letter", async () => {
    const rig = createHookRig();
    receiver.clock = () => rig.runtime.time;
    receiver.reply = () => ({ status: 503 });
    await rig.groups(1);
    const hook = webhook(1, receiver.url, { events: [...MESSAGES] });
    rig.configure(hook);
    await rig.send(channel(1), user(1), "hello");
    await rig.pass(8 * HOUR);
    const times = receiver.received.map((request) => request.at);
    const gaps = times.slice(1).map((time, n) => time - (times[n] ?? 0));
    expect(gaps).toEqual([30_000, 2 * MINUTE, 10 * MINUTE, HOUR, 6 * HOUR]);
    expect(new Set(receiver.received.map((request) => request.json.event_id)).size).toBe(1);
    expect(new Set(receiver.received.map((request) => request.body)).size).toBe(1);
    const log = await rig.log(hook.id);
    expect(log).toMatchObject([{ status: "failed", attempts: 6, response_status: 503, error: "answered 503" }]);
  });

  it("[HOOK-2] a 4xx is final, and the next event of the channel follows at once", async () => {
    const rig = createHookRig();
    receiver.reply = ({ json }) => ({ status: json.data.message.content === "bad" ? 422 : 200 });
    await rig.groups(1);
    const hook = webhook(1, receiver.url, { events: [...MESSAGES] });
    rig.configure(hook);
    await rig.send(channel(1), user(1), "bad");
    await rig.send(channel(1), user(1), "good");
    await rig.pass(1_000);
    expect(contentsByChannel(receiver.received)).toEqual({ [channel(1)]: ["bad", "good"] });
    expect(await rig.log(hook.id)).toMatchObject([
      { status: "delivered", attempts: 1 },
      { status: "failed", attempts: 1, response_status: 422 },
    ]);
    await rig.pass(HOUR);
    expect(receiver.received).toHaveLength(2);
  });

  it("[HOOK-3] a redirect is not followed and counts as a failure that is tried again", async () => {
    const rig = createHookRig();
    const inner = await new Receiver().start();
    receiver.reply = () =>
      receiver.received.length === 1 ? { status: 307, headers: { location: inner.url } } : { status: 200 };
    await rig.groups(1);
    const hook = webhook(1, receiver.url, { events: [...MESSAGES] });
    rig.configure(hook);
    await rig.send(channel(1), user(1), "hello");
    await rig.pass(MINUTE);
    expect(inner.received).toEqual([]);
    expect(await rig.log(hook.id)).toMatchObject([{ status: "delivered", attempts: 2, response_status: 200 }]);
    await inner.stop();
  });

  it("[HOOK-4] an endpoint that is away for six hours loses nothing and gets each channel's events in order", async () => {
    const rig = createHookRig();
    await rig.groups(3);
    const hook = webhook(1, receiver.url, { events: [...MESSAGES] });
    rig.configure(hook);
    await receiver.stop();
    const sent: Record<string, string[]> = {};
    for (let n = 0; n < 60; n++) {
      const id = channel(1 + (n % 3));
      sent[id] = [...(sent[id] ?? []), `message ${n}`];
      await rig.send(id, user(1), `message ${n}`);
      await rig.pass(6 * MINUTE);
    }
    expect(receiver.received).toEqual([]);
    // Nothing that waits may be trimmed, however old.
    expect(rig.webhooks.doneThrough()).toBeLessThan(rig.hub.journal.head - 50);
    await receiver.start();
    await rig.pass(2 * HOUR);
    expect(contentsByChannel(receiver.received)).toEqual(sent);
    expect(await rig.log(hook.id, { status: "pending" })).toEqual([]);
    expect(rig.webhooks.doneThrough()).toBe(rig.hub.journal.head);
    expect(rig.webhooks.registry.isEnabled(hook.id)).toBe(true);
  });

  it("[HOOK-5] an event waits for an earlier one of its channel that is being retried; other channels do not", async () => {
    const rig = createHookRig();
    let fails = true;
    receiver.reply = ({ json }) => ({ status: fails && json.data.message.content === "a1" ? 500 : 200 });
    await rig.groups(2);
    const other = await new Receiver().start();
    const hook = webhook(1, receiver.url, { events: [...MESSAGES] });
    rig.configure(hook, webhook(2, other.url, { events: [...MESSAGES] }));
    await rig.send(channel(1), user(1), "a1");
    await rig.send(channel(1), user(1), "a2");
    await rig.send(channel(2), user(1), "b1");
    await rig.pass(1_000);
    expect(contentsByChannel(receiver.received)).toEqual({ [channel(1)]: ["a1"], [channel(2)]: ["b1"] });
    expect(contentsByChannel(other.received)[channel(1)]).toEqual(["a1", "a2"]);
    fails = false;
    await rig.pass(31_000);
    expect(contentsByChannel(receiver.received)[channel(1)]).toEqual(["a1", "a1", "a2"]);
    await other.stop();
  });

  it("[HOOK-6] an eviction at any moment loses nothing, and a retry keeps its event id and time", async () => {
    const rig = createHookRig();
    receiver.reply = () => ({ status: 500 });
    await rig.groups(1);
    const hook = webhook(1, receiver.url, { events: [...MESSAGES] });
    rig.configure(hook);
    await rig.send(channel(1), user(1), "one");
    await rig.pass(1_000);
    // Appended, and the object ends before the event was even put into the outbox.
    await rig.send(channel(1), user(1), "two");
    const { sql, runtime, archive, store } = rig;
    // Its alarm outlives it, its timers do not.
    const later = createHookRig({ sql, archive, store });
    later.runtime.time = runtime.time;
    later.runtime.alarmAt = runtime.alarmAt;
    receiver.reply = () => ({});
    await later.pass(10_000);
    expect(receiver.received).toHaveLength(1);
    await later.pass(30_000);
    expect(contentsByChannel(receiver.received)[channel(1)]).toEqual(["one", "one", "two"]);
    expect(receiver.received[1]?.json.event_id).toBe(receiver.received[0]?.json.event_id);
    expect((await later.log(hook.id)).map((delivery) => delivery.status)).toEqual(["delivered", "delivered"]);
  });

  it("[HOOK-7] a receiver that is slow holds up neither other webhooks nor the hub's alarm", async () => {
    const rig = createHookRig();
    receiver.reply = () => ({ delayMs: 400 });
    const quick = await new Receiver().start();
    await rig.groups(10);
    rig.configure(
      webhook(1, receiver.url, { events: [...MESSAGES] }),
      webhook(2, quick.url, { events: [...MESSAGES] }),
    );
    for (let n = 1; n <= 10; n++) await rig.send(channel(n), user(1), `${n}`);
    await rig.runtime.advance(50);
    const started = Date.now();
    await rig.hub.alarm();
    expect(Date.now() - started).toBeLessThan(200);
    await quick.waitFor(10);
    expect(Date.now() - started).toBeLessThan(1_000);
    expect(receiver.received.length).toBeLessThan(9);
    await rig.webhooks.idle();
    expect(receiver.received).toHaveLength(10);
    await quick.stop();
  });

  it("[HOOK-40] a receiver has 10 s for its answer; a later one is a failure that is tried again", async () => {
    const rig = createHookRig();
    receiver.reply = () => ({ delayMs: Number.POSITIVE_INFINITY });
    await rig.groups(1);
    const hook = webhook(1, receiver.url, { events: [...MESSAGES] });
    rig.configure(hook);
    await rig.send(channel(1), user(1), "hello");
    const started = Date.now();
    await rig.pass(1_000);
    expect(Date.now() - started).toBeGreaterThan(9_500);
    expect(Date.now() - started).toBeLessThan(12_000);
    expect(await rig.log(hook.id)).toMatchObject([
      { status: "pending", attempts: 1, response_status: null, error: "no answer within 10 s" },
    ]);
  });
});
