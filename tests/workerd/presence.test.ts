import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { connect, creation } from "./scene.ts";

it("[PRES-15] a line that ends while the hub sleeps is a leave like any other, with its grace", async () => {
  const [workspaceId, channelId, ana, budi] = Array.from({ length: 4 }, () => crypto.randomUUID());
  if (!workspaceId || !channelId || !ana || !budi) throw new Error("no ids");
  const stub = () => env.WORKSPACE_HUB.get(env.WORKSPACE_HUB.idFromName(workspaceId));
  await stub().applyChannel(channelId, 1, creation(channelId, [ana, budi]));
  const watcher = await connect(stub(), workspaceId, ana);
  const other = await connect(stub(), workspaceId, budi);
  expect((await watcher.until("presence.update"))[0]?.data).toMatchObject({ user_id: budi, status: "online" });
  other.socket.send(JSON.stringify({ type: "presence.set", id: "a", data: { status: "away" } }));
  expect((await other.until("ok"))[0]?.id).toBe("a");
  // No timer lives longer than a quarter of a second.
  await scheduler.wait(400);
  await evictDurableObject(stub());
  other.socket.close(1000);
  const leaving = () =>
    runInDurableObject(stub(), (_instance, state) => [
      ...state.storage.sql.exec<{ user_id: string; at: number }>(`SELECT user_id, at FROM presence_leaving`),
    ]);
  for (let n = 0; n < 200 && (await leaving()).length === 0; n++) await scheduler.wait(10);
  expect(await leaving()).toEqual([{ user_id: budi, at: expect.any(Number) }]);
  watcher.socket.send(JSON.stringify({ type: "presence.query", id: "q" }));
  const [during] = await watcher.until("presence.state");
  expect(during?.data.users).toEqual([{ user_id: budi, external_id: "user-1", status: "away", last_seen_at: null }]);
  const alarm = await runInDurableObject(stub(), (_instance, state) => state.storage.getAlarm());
  expect(alarm).toBeLessThanOrEqual(Date.now() + 21_000);

  // A line that the hub itself closes is no connection any more, however long its other end keeps silent.
  watcher.socket.send("x".repeat(40_000));
  const attachments = () =>
    runInDurableObject(stub(), (_instance, state) => state.getWebSockets().map((one) => one.deserializeAttachment()));
  for (let n = 0; n < 200 && (await attachments()).some((one) => one !== null); n++) await scheduler.wait(10);
  expect((await attachments()).filter((one) => one !== null)).toEqual([]);
}, 40_000);
