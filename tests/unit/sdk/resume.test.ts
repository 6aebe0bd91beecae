import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Discontinuity, KabarClient } from "../../../src/sdk/index.ts";
import { clientFor, online, startFake, until } from "./support/setup.ts";

let fake: Awaited<ReturnType<typeof startFake>>;
let client: KabarClient;

beforeEach(async () => {
  fake = await startFake();
  client = clientFor(fake.server, fake.ani.id);
});
afterEach(async () => {
  client.close();
  await fake.server.stop();
});

describe("resume", () => {
  it("[WEB-66] fills the gap of a dropped line, in order and without repeats", async () => {
    const contents = await online(client);
    fake.server.post("team", fake.budi.id, "one");
    await until(() => contents.length === 1, "the first message");
    fake.server.drop();
    fake.server.post("team", fake.budi.id, "two");
    fake.server.post("team", fake.budi.id, "three");
    await until(() => contents.length === 3, "the missed messages");
    fake.server.post("team", fake.budi.id, "four");
    await until(() => contents.length === 4, "a live message");
    expect(contents).toEqual(["one", "two", "three", "four"]);
    expect(fake.server.historyReads).toBe(0);
  });

  it("[WEB-66] is the first frame of a new socket, before what waits to be sent", async () => {
    await online(client);
    client.disconnect();
    expect(client.state).toBe("offline");
    const sent = client.channel("team").send({ content: "waiting" });
    client.connect();
    await sent;
    expect(fake.server.received.map((frame) => frame.type)).toEqual(["resume", "message.send"]);
  });

  it("[WEB-66] starts where the first connection began, even if nothing had arrived on it", async () => {
    const contents = await online(client);
    client.disconnect();
    fake.server.post("team", fake.budi.id, "missed");
    client.connect();
    await until(() => contents.length === 1, "the missed message");
  });

  it("[WEB-67] reports a discontinuity where the journal no longer reaches back, and goes on from there", async () => {
    const contents = await online(client);
    const breaks: Discontinuity[] = [];
    client.on("discontinuity", (one) => breaks.push(one));
    client.disconnect();
    fake.server.post("team", fake.budi.id, "lost");
    fake.server.workspace.trimmedTo = 1;
    client.connect();
    await until(() => breaks.length === 1, "the discontinuity");
    expect(breaks).toEqual([{ reason: "journal_trimmed" }]);
    client.disconnect();
    fake.server.post("team", fake.budi.id, "after");
    client.connect();
    await until(() => contents.length === 1, "the later message");
    expect(contents).toEqual(["after"]);
    expect(breaks).toHaveLength(1);
  });

  it("[WEB-66] keeps its point while a resume is under way, so that a live event that overtakes skips nothing", async () => {
    const { ResumePoint } = await import("../../../src/sdk/resume-point.ts");
    const point = new ResumePoint();
    const data = { channel_id: "c", channel_external_id: null, user_id: "u", message_id: "m", seq: 1, at: "" };
    point.note({ type: "message.read", data: { ...data, cursor: "5" } });
    point.open();
    point.note({ type: "message.read", data: { ...data, cursor: "9" } });
    expect(point.open()?.data.cursor).toBe("5");
    point.note({ type: "resumed", data: { cursor: "9", count: 4 } });
    expect(point.open()?.data.cursor).toBe("9");
  });

  it("[WEB-67] starts anew from the connection's own point where the server refuses the cursor", async () => {
    const { ResumePoint } = await import("../../../src/sdk/resume-point.ts");
    const point = new ResumePoint();
    point.note({ type: "resumed", data: { cursor: "bad", count: 0 } });
    const id = point.open()?.id;
    const ready = { connection_id: "", user_id: "", workspace_id: "", server_time: "", heartbeat_seconds: 30 };
    point.note({ type: "connection.ready", data: { ...ready, cursor: "7" } });
    const note = point.note({ type: "error", id, data: { code: "VALIDATION_ERROR", message: "no cursor" } });
    expect(note).toEqual({ kind: "discontinuity", reason: "resume_refused" });
    expect(point.open()?.data.cursor).toBe("7");
  });
});
