import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { WorkspaceHub } from "../../durable-objects/workspace-hub.ts";
import units from "../../loadtest/cost/units.json";
import { heldPageUrl } from "../../src/platform/held-page-exchange.ts";
import type { History } from "../../src/protocol/message.ts";
import { BillingMeter } from "./billing-meter.ts";
import { rpcOf } from "./rpc.ts";
import { creation } from "./scene.ts";

const MESSAGES = 1_000;
const MEMBERS = 20;

/** What Postgres answers to the archive: the batch is in; and to who copies history. Everything else finds nothing. */
function answer(query: string, params: unknown[]): Response {
  if (query.includes("kabar_archive"))
    return rowOf({ applied: [BOOL, "t"], versions: [JSON_, null], before: [JSON_, null] });
  if (query.includes("kabar_history_copy")) return rowOf(block(Number(params[2]), Number(params[3])));
  return Response.json({ command: "SELECT", rowCount: 0, rowAsArray: true, fields: [], rows: [] });
}

/** OIDs of types of Postgres. */
const [BOOL, TEXT, JSON_, FLOAT] = [16, 25, 114, 701];

function rowOf(columns: Record<string, [type: number, value: string | null]>): Response {
  const fields = Object.entries(columns).map(([name, [dataTypeID]]) => ({ name, dataTypeID }));
  const rows = [Object.values(columns).map(([, value]) => value)];
  return Response.json({ command: "SELECT", rowCount: 1, rowAsArray: true, fields, rows });
}

/** The channel's messages with `from <= seq < below`, as a copy of the database has them: `CopyRow`. */
function block(from: number, below: number): ReturnType<typeof columnsOf> {
  const first = Math.max(1, from);
  return columnsOf(Array.from({ length: below - first }, (_, index) => below - 1 - index));
}

function columnsOf(seqs: number[]): Record<string, [type: number, value: string | null]> {
  const each = (value: string) => seqs.map(() => value).join(",");
  return {
    last_seq: [FLOAT, String(MESSAGES)],
    external_id: [TEXT, null],
    ids: [TEXT, seqs.map(() => crypto.randomUUID()).join(",")],
    seqs: [TEXT, seqs.join(",")],
    user_ids: [TEXT, each(user(0))],
    types: [TEXT, each("text")],
    times: [TEXT, each("1790000000000")],
    contents: [JSON_, JSON.stringify(seqs.map(() => "x".repeat(120)))],
    client_ids: [JSON_, null],
    rests: [JSON_, null],
    authors: [JSON_, JSON.stringify([[user(0), null, "User 0", null]])],
    reactors: [JSON_, null],
  };
}

const meter = new BillingMeter(answer);
const workspaceId = crypto.randomUUID();
const channelId = crypto.randomUUID();
const userIds = Array.from({ length: MEMBERS }, () => crypto.randomUUID());
const stub = () => env.WORKSPACE_HUB.get(env.WORKSPACE_HUB.idFromName(workspaceId));
const user = (index: number) => userIds[index % MEMBERS] ?? "";
const settle = () => scheduler.wait(350);
/** Waits until nothing is pending, at most so many milliseconds. */
async function idle(milliseconds: number): Promise<void> {
  await scheduler.wait(50);
  const until = Date.now() + milliseconds;
  while (meter.pendingTimers.length > 0 && Date.now() < until) await scheduler.wait(20);
}
const storedBytes = () => runInDurableObject(stub(), (_instance, state) => state.storage.sql.databaseSize);

async function send(index: number): Promise<string> {
  const sent = await rpcOf(stub()).sendMessage({
    channel: channelId,
    sender: { userId: user(index) },
    body: { content: "x".repeat(120), idempotency_key: `bill-${index}` },
  });
  if (!sent.ok) throw new Error(sent.error.message);
  return sent.value.message.id;
}

beforeAll(async () => {
  await runInDurableObject(stub(), (_instance, state) => meter.attach(state.storage, WorkspaceHub));
  expect(await stub().applyChannel(channelId, 1, creation(channelId, userIds))).toMatchObject({ ok: true });
  await send(0);
  await settle();
  await runDurableObjectAlarm(stub());
  await settle();
});

async function connect(userId: string): Promise<WebSocket> {
  const response = await stub().fetch("https://hub.test/v1/ws", {
    headers: {
      upgrade: "websocket",
      "x-kabar-user-id": userId,
      "x-kabar-workspace-id": workspaceId,
      "x-kabar-token-exp": String(Math.floor(Date.now() / 1000) + 3600),
    },
  });
  if (response.webSocket === null) throw new Error(`no socket: ${response.status}`);
  response.webSocket.accept();
  return response.webSocket;
}

/** What the cost program reckons with is what is counted here, within a tenth. */
function expectNear(counted: number, unit: number): void {
  expect(counted).toBeGreaterThanOrEqual(unit * 0.9);
  expect(counted).toBeLessThanOrEqual(unit * 1.1);
}

describe("what the hub is billed for", () => {
  it("[BILL-1] writes at most 3 rows per message when a thousand come", async () => {
    meter.take();
    const before = await storedBytes();
    for (let index = 0; index < MESSAGES; index++) await send(index);
    await settle();
    await runDurableObjectAlarm(stub());
    await settle();
    const bill = meter.take();
    const written = (bill.rowsWritten + bill.setAlarms) / MESSAGES;
    const bytes = ((await storedBytes()) - before) / MESSAGES;
    console.log("1,000 messages:", { ...bill, written, read: bill.rowsRead / MESSAGES, bytes });
    expect(written).toBeLessThanOrEqual(3);
    expectNear(written, units.rows_written.message);
    expectNear(bill.rowsRead / MESSAGES, units.rows_read.message);
    expect(bytes).toBeLessThanOrEqual(units.journal_bytes_per_message * 1.25);
    // Many messages share one statement to Postgres.
    expect(bill.fetches).toBeLessThan(MESSAGES / 10);
  });

  it("[BILL-2] is awake for a lone message no longer than its archive batch takes", async () => {
    meter.take();
    const begun = Date.now();
    await send(MESSAGES);
    await settle();
    const awake = meter.idleAt < begun ? Number.POSITIVE_INFINITY : meter.idleAt - begun;
    await runDurableObjectAlarm(stub());
    await settle();
    const bill = meter.take();
    console.log("a lone message:", { ...bill, awake });
    expect(awake).toBeLessThan(units.awake_ms.message + 100);
    const extra = bill.rowsWritten + bill.setAlarms - units.rows_written.message;
    expectNear(extra, units.rows_written.alarm_cycle);
    expect(bill.fetches).toBe(1);
  });

  it("[BILL-3] writes as many rows for receipts and reactions as the cost model says", async () => {
    const messageId = await send(MESSAGES + 1);
    await settle();
    await runDurableObjectAlarm(stub());
    await settle();
    meter.take();
    for (let index = 2; index < 12; index++) {
      const command = { kind: "read", channel: channelId, userId: user(index), messageId } as const;
      expect(await stub().receipt(command)).toMatchObject({ ok: true });
    }
    const receipts = meter.take();
    for (let index = 2; index < 12; index++) {
      const command = { channel: channelId, messageId, userId: user(index), emoji: "👍" };
      expect(await stub().react(command)).toMatchObject({ ok: true });
    }
    const reactions = meter.take();
    console.log("10 receipts:", receipts, "10 reactions:", reactions);
    expectNear(receipts.rowsWritten / 10, units.rows_written.receipt);
    expectNear(reactions.rowsWritten / 10, units.rows_written.reaction);
  });
});

describe("pages of history", () => {
  it("[BILL-6] write a row for 64 messages that are copied, and nothing for what is there", async () => {
    const page = async (before: number) => {
      const found = await stub().fetch(heldPageUrl({ channel: channelId, limit: 50, before }));
      expect((await found.json<History>()).messages).toHaveLength(50);
    };
    await settle();
    await runDurableObjectAlarm(stub());
    await settle();
    meter.take();
    // Back from a message to the 250th one before it: five pages out of four copies.
    for (let before = 768; before > 518; before -= 50) await page(before);
    const copying = meter.take();
    for (let before = 768; before > 518; before -= 50) await page(before);
    const held = meter.take();
    console.log("5 pages, copied:", copying, "held:", held);
    expect(copying.fetches).toBe(1);
    expectNear(copying.rowsWritten, 4 * units.rows_written.history_copy);
    expect(held).toMatchObject({ rowsWritten: 0, fetches: 0, setAlarms: 0 });
    // A page lies in two copies at most.
    expect(held.rowsRead).toBeLessThanOrEqual(5 * 2);
  });
});

describe("hibernation", () => {
  it("[BILL-4] leaves no timer and no request pending after any handler, and asks for none beyond 250 ms", async () => {
    await idle(6_000);
    meter.longestTimer = 0;
    const messageId = await send(MESSAGES + 2);
    const ids = { channel_id: channelId, message_id: messageId };
    const socket = await connect(user(3));
    const other = await connect(user(4));
    const frames = [
      { type: "ping", id: "1" },
      { type: "message.send", id: "2", data: { channel_id: channelId, content: "over the socket" } },
      { type: "message.read", id: "3", data: ids },
      { type: "message.delivered", id: "4", data: ids },
      { type: "reaction.add", id: "5", data: { ...ids, emoji: "🎉" } },
      { type: "reaction.remove", id: "6", data: { ...ids, emoji: "🎉" } },
      { type: "typing.start", id: "7", data: { channel_id: channelId } },
      { type: "typing.stop", id: "8", data: { channel_id: channelId } },
      { type: "presence.set", id: "9", data: { status: "away" } },
      { type: "presence.query", id: "10" },
      { type: "channel.focus", id: "11", data: { channel_id: channelId } },
      { type: "resume", id: "12", data: { cursor: "nonsense" } },
    ];
    const steps: [string, () => unknown][] = [
      ["connect", () => undefined],
      ...frames.map((frame): [string, () => unknown] => [frame.type, () => socket.send(JSON.stringify(frame))]),
      ["a frame that is no JSON", () => socket.send("{")],
      ["close", () => other.close(1000)],
      ["alarm", () => runDurableObjectAlarm(stub())],
      ["settled", () => stub().settled({ channel: channelId })],
      ["stats", () => stub().stats()],
    ];
    const left: Record<string, number[]> = {};
    for (const [name, step] of steps) {
      await step();
      // Its own batch, and one more of what was appended while that was written.
      await idle(1_000);
      if (meter.pendingTimers.length > 0) left[name] = meter.pendingTimers;
      expect(meter.openFetches, name).toBe(0);
    }
    expect(left).toEqual({});
    expect(meter.longestTimer).toBeLessThanOrEqual(250);
    socket.close(1000);
  });

  it("[BILL-5] costs nothing for pings", async () => {
    const socket = await connect(user(5));
    await settle();
    meter.take();
    for (let index = 0; index < 5; index++) socket.send('{"type":"ping"}');
    await settle();
    expect(meter.take()).toEqual({ rowsRead: 0, rowsWritten: 0, setAlarms: 0, alarms: 0, fetches: 0 });
    socket.close(1000);
  });
});
