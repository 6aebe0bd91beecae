import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { KabarClient } from "../../../src/sdk/index.ts";
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

const sends = () => fake.server.received.filter((frame) => frame.type === "message.send");

describe("send", () => {
  it("[WEB-68] resolves with the stored message", async () => {
    const contents = await online(client);
    const message = await client.channel("team").send({ content: "hello" });
    expect(message).toMatchObject({ content: "hello", seq: 1, channel_id: fake.team.id });
    await until(() => contents.length === 1, "the own message");
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(contents).toEqual(["hello"]);
  });

  it("[WEB-69] sends an unanswered message again under the same key after a drop; it is stored once", async () => {
    await online(client);
    fake.server.loseAnswers = true;
    const sent = client.channel("team").send({ content: "once" });
    await until(() => fake.team.messages.length === 1, "the message to be stored");
    fake.server.loseAnswers = false;
    fake.server.drop();
    const message = await sent;
    expect(message.id).toBe(fake.team.messages[0]?.id);
    expect(fake.team.messages).toHaveLength(1);
    expect(sends()).toHaveLength(2);
    expect(sends()[0]?.data).toEqual(sends()[1]?.data);
  });

  it("[WEB-69] sends again where an open connection never answers", async () => {
    await online(client);
    fake.server.loseAnswers = true;
    const sent = client.channel("team").send({ content: "once" });
    await until(() => fake.team.messages.length === 1, "the message to be stored");
    fake.server.loseAnswers = false;
    await sent;
    expect(fake.team.messages).toHaveLength(1);
  });

  it("[WEB-70] keeps what was sent while offline, in order", async () => {
    client.disconnect();
    const sent = ["a", "b", "c"].map((content) => client.channel("team").send({ content }));
    client.connect();
    const messages = await Promise.all(sent);
    expect(messages.map((message) => message.seq)).toEqual([1, 2, 3]);
    expect(fake.team.messages.map((message) => message.content)).toEqual(["a", "b", "c"]);
  });

  it("[WEB-71] has at most sixteen unanswered frames on the wire", async () => {
    await online(client);
    fake.server.loseAnswers = true;
    const all = Array.from({ length: 20 }, (_, index) => client.channel("team").send({ content: String(index) }));
    await until(() => sends().length === 16, "the window to fill");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(sends()).toHaveLength(16);
    fake.server.loseAnswers = false;
    fake.server.drop();
    await Promise.all(all);
    expect(fake.team.messages).toHaveLength(20);
  });

  it("[WEB-72] fails with the server's code and its seconds to wait", async () => {
    await online(client);
    fake.server.refusals.push({ code: "RATE_LIMITED", retry_after: 7 });
    await expect(client.channel("team").send({ content: "x" })).rejects.toMatchObject({
      code: "RATE_LIMITED",
      retryAfter: 7,
      retryable: true,
      message: "unable to send the message; because as planned",
    });
    await expect(client.channel("elsewhere").send({ content: "x" })).rejects.toMatchObject({ code: "NOT_A_MEMBER" });
  });

  it("[WEB-69] tries again by itself where the server cannot now", async () => {
    await online(client);
    fake.server.refusals.push({ code: "UPSTREAM_UNAVAILABLE" }, { code: "UPSTREAM_UNAVAILABLE", retry_after: 0.02 });
    const message = await client.channel("team").send({ content: "x" });
    expect(message.seq).toBe(1);
    expect(sends()).toHaveLength(3);
  });

  it("[WEB-77] waits a moment by itself where it came too fast, and what comes after it waits too", async () => {
    await online(client);
    fake.server.refusals.push({ code: "RATE_LIMITED", retry_after: 0.1 });
    const first = client.channel("team").send({ content: "first" });
    await until(() => fake.server.refusals.length === 0, "the refusal");
    await new Promise((resolve) => setTimeout(resolve, 20));
    const second = client.channel("team").send({ content: "second" });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(sends()).toHaveLength(1);
    expect([(await first).seq, (await second).seq]).toEqual([1, 2]);
    expect(sends()).toHaveLength(3);
  });

  it("[WEB-73] fails what is unanswered when the client is closed, and what comes after", async () => {
    client.disconnect();
    const sent = client.channel("team").send({ content: "x" });
    client.close();
    await expect(sent).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
    await expect(client.channel("team").send({ content: "y" })).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
  });

  it("[WEB-74] refuses a frame that would get the connection closed", async () => {
    await online(client);
    const sent = client.channel("team").send({ content: "é".repeat(16_400) });
    await expect(sent).rejects.toMatchObject({ code: "MESSAGE_TOO_LARGE" });
    expect(sends()).toHaveLength(0);
  });
});
