import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { FrameDown } from "../../src/protocol/frames-down.ts";
import { rpcOf } from "./rpc.ts";
import { connect, creation } from "./scene.ts";

/** A workspace of its own with one channel and two members. Postgres is away in these tests: the hub must not mind. */
async function workspace() {
  const [workspaceId, channelId, ana, budi] = Array.from({ length: 4 }, () => crypto.randomUUID());
  if (!workspaceId || !channelId || !ana || !budi) throw new Error("no ids");
  const stub = () => env.WORKSPACE_HUB.get(env.WORKSPACE_HUB.idFromName(workspaceId));
  expect(await stub().applyChannel(channelId, 1, creation(channelId, [ana, budi]))).toMatchObject({ ok: true });
  return { workspaceId, channelId, ana, budi, stub };
}

describe("the object in workerd", () => {
  it("[SOCK-1] greets first and once, also where frames come in the same moment", async () => {
    const { stub, workspaceId, channelId, ana, budi } = await workspace();
    const sender = await connect(stub(), workspaceId, budi);
    sender.socket.send(
      JSON.stringify({ type: "message.send", id: "1", data: { channel_id: channelId, content: "meanwhile" } }),
    );
    const { response, frames, until } = await connect(stub(), workspaceId, ana);
    expect(response.status).toBe(101);
    for (let n = 0; n < 3; n++)
      sender.socket.send(JSON.stringify({ type: "typing.start", data: { channel_id: channelId } }));
    await sender.until("message.ack");
    await scheduler.wait(300);
    expect(await until("connection.ready")).toHaveLength(1);
    expect(frames[0]?.type).toBe("connection.ready");
  });

  it("[SOCK-1] greets before it answers what the client sends at once", async () => {
    const { stub, workspaceId, ana } = await workspace();
    const response = await stub().fetch("https://hub.test/v1/ws", {
      headers: {
        upgrade: "websocket",
        "x-kabar-user-id": ana,
        "x-kabar-workspace-id": workspaceId,
        "x-kabar-token-exp": String(Math.floor(Date.now() / 1000) + 3600),
      },
    });
    const types: string[] = [];
    response.webSocket?.addEventListener("message", ({ data }) =>
      types.push((JSON.parse(String(data)) as FrameDown).type),
    );
    response.webSocket?.accept();
    response.webSocket?.send(JSON.stringify({ type: "presence.query", id: "1" }));
    for (let n = 0; n < 200 && types.length < 2; n++) await scheduler.wait(10);
    expect(types[0]).toBe("connection.ready");
    expect(types.length).toBe(2);
  });

  it("[WS-3] opens a socket for an upgrade and for nothing else that a newer Worker may ask", async () => {
    const { stub } = await workspace();
    const { status, webSocket } = await stub().fetch("https://hub/v1/something-new");
    expect([status, webSocket ?? null]).toEqual([404, null]);
    expect((await rpcOf(stub()).stats()).connections).toBe(0);
  });

  it("[HIB-1] delivers through sockets that outlived an eviction of the object", async () => {
    const { stub, workspaceId, channelId, ana, budi } = await workspace();
    const [a, b] = [await connect(stub(), workspaceId, ana), await connect(stub(), workspaceId, budi)];
    await b.until("connection.ready");
    await runInDurableObject(stub(), (instance) => {
      Object.assign(instance, { marker: "first life" });
    });
    // The hold on new connections is the longest timer there is.
    await scheduler.wait(400);
    await evictDurableObject(stub());
    const markerAfter = await runInDurableObject(stub(), (instance) =>
      "marker" in instance ? instance.marker : "gone",
    );
    expect(markerAfter).toBe("gone");

    a.socket.send(
      JSON.stringify({ type: "message.send", id: "r1", data: { channel_id: channelId, content: "after" } }),
    );
    expect((await a.until("message.ack"))[0]).toMatchObject({
      id: "r1",
      data: { message: { content: "after", seq: 1 } },
    });
    expect((await b.until("message.created"))[0]).toMatchObject({ data: { message: { content: "after" } } });
    expect(await stub().stats()).toMatchObject({ connections: 2, users: 2 });
  });

  it("[HIB-2] answers pings without waking the object", async () => {
    const { stub, workspaceId, ana } = await workspace();
    const { socket, until } = await connect(stub(), workspaceId, ana);
    await scheduler.wait(400);
    await evictDurableObject(stub());
    socket.send('{"type":"ping"}');
    expect(await until("pong")).toHaveLength(1);
    socket.send('{"type":"ping","id":"p"}');
    expect((await until("pong", 2))[1]).toEqual({ type: "pong", id: "p" });
  });

  it("[HIB-3] keeps journal, membership and idempotency keys across an eviction", async () => {
    const { stub, channelId, ana } = await workspace();
    const send = (key: string) =>
      rpcOf(stub()).sendMessage({
        channel: channelId,
        sender: { userId: ana },
        body: { content: "hi", idempotency_key: key },
      });
    const first = await send("k1");
    await scheduler.wait(400);
    await evictDurableObject(stub());
    const again = await send("k1");
    expect(again).toMatchObject({ ok: true, value: { replayed: true } });
    if (!first.ok || !again.ok) throw new Error("refused");
    expect(again.value.message).toEqual(first.value.message);
    expect(await send("k2")).toMatchObject({ ok: true, value: { message: { seq: 2 } } });
  });

  it("[HIB-4] keeps an alarm for what is owed and for open sockets", async () => {
    const { stub, workspaceId, channelId, ana } = await workspace();
    await connect(stub(), workspaceId, ana);
    await stub().sendMessage({ channel: channelId, sender: { userId: ana }, body: { content: "hi" } });
    const alarm = () => runInDurableObject(stub(), (_instance, state) => state.storage.getAlarm());
    expect(await alarm()).toBeLessThanOrEqual(Date.now() + 10_100);
    expect(await runDurableObjectAlarm(stub())).toBe(true);
    expect(await alarm()).toBeLessThanOrEqual(Date.now() + 90_000);
  });

  it("[ARCH-7] serves the newest page from the journal while Postgres is away", async () => {
    const { stub, channelId, ana } = await workspace();
    for (const content of ["one", "two", "three"]) {
      await stub().sendMessage({ channel: channelId, sender: { userId: ana }, body: { content } });
    }
    expect(await stub().settled({ channel: channelId })).toMatchObject({ archived: false, lastSeq: 3 });
    const page = await stub().journalPage({ channel: channelId, userId: ana, limit: 2 });
    expect(page).toMatchObject({
      ok: true,
      value: { hasMore: true, messages: [{ content: "three" }, { content: "two" }] },
    });
    const stranger = await stub().journalPage({ channel: channelId, userId: crypto.randomUUID(), limit: 2 });
    expect(stranger).toMatchObject({ ok: false, error: { code: "NOT_A_MEMBER" } });
  });
});
