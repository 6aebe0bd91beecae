import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Http } from "../../../src/sdk/http.ts";
import type { KabarClient } from "../../../src/sdk/index.ts";
import { TokenSource } from "../../../src/sdk/token.ts";
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

describe("rest", () => {
  it("[WEB-61] reads the profile, the channels and the members", async () => {
    expect(await client.rest.me()).toMatchObject({ external_id: "ani" });
    expect((await client.channels()).channels.map((channel) => channel.external_id)).toEqual(["team"]);
    const { members } = await client.channel("team").members();
    expect(members.map((member) => member.user.name)).toEqual(["Ani", "Budi"]);
  });

  it("[WEB-61] pages through history, newest first", async () => {
    for (const content of ["1", "2", "3"]) fake.server.post("team", fake.budi.id, content);
    const first = await client.channel("team").history({ limit: 2 });
    expect(first.messages.map((message) => message.content)).toEqual(["3", "2"]);
    const second = await client.channel("team").history({ limit: 2, before: first.next_cursor ?? "" });
    expect(second.messages.map((message) => message.content)).toEqual(["1"]);
    expect(second.has_more).toBe(false);
  });

  it("[WEB-62] uploads a file and gives what a message needs", async () => {
    const file = new Blob(["png"], { type: "image/png" });
    const uploaded = await client.upload(file, { filename: "a.png", width: 2, height: 3 });
    expect(uploaded.attachment).toEqual({ content_type: "image/png", size: 3, filename: "a.png", width: 2, height: 3 });
    const stored = await fetch(uploaded.attachment_url);
    expect(stored.headers.get("content-type")).toBe("image/png");
    expect(await stored.text()).toBe("png");
  });

  it("[WEB-63] tries again after a passing failure and after a refused token", async () => {
    fake.server.failures.push({ status: 503, code: "UPSTREAM_UNAVAILABLE" });
    expect(await client.rest.me()).toMatchObject({ external_id: "ani" });
    fake.server.revokeTokens();
    expect(await client.rest.me()).toMatchObject({ external_id: "ani" });
  });

  it("[WEB-63] tries again where an answer breaks off", async () => {
    let broken = 2;
    const breaking = async () => {
      if (broken-- <= 0) return Response.json({ external_id: "ani" });
      return new Response(new ReadableStream({ pull: (body) => body.error(new TypeError("terminated")) }));
    };
    const http = new Http("http://kabar.test", new TokenSource(async () => "token"), breaking);
    const request = { method: "GET", path: "/v1/me", action: "read the own profile" } as const;
    expect(await http.json(request)).toEqual({ external_id: "ani" });
    broken = Number.POSITIVE_INFINITY;
    await expect(http.json(request)).rejects.toMatchObject({
      code: "NETWORK_ERROR",
      message: "unable to read the own profile; because terminated",
    });
  });

  it("[WEB-64] reports errors with code, status, seconds to wait and a readable text", async () => {
    fake.server.failures.push({ status: 429, code: "RATE_LIMITED", headers: { "retry-after": "30" } });
    await expect(client.rest.me()).rejects.toMatchObject({
      name: "KabarError",
      code: "RATE_LIMITED",
      status: 429,
      retryAfter: 30,
      message: "unable to read the own profile; because as planned",
    });
    await expect(client.channel("nowhere").history()).rejects.toMatchObject({ code: "NOT_FOUND", status: 404 });
  });
});

describe("read receipts", () => {
  it("[WEB-65] reach the other; of several at once only the first and the last are sent", async () => {
    const other = clientFor(fake.server, fake.budi.id);
    try {
      await online(client);
      await online(other);
      const messages = ["1", "2", "3"].map((content) => fake.server.post("team", fake.budi.id, content));
      const read: number[] = [];
      other.channel("team").on("message.read", (receipt) => read.push(receipt.seq));
      const channel = client.channel("team");
      await Promise.all(messages.map((message) => channel.markRead(message.id)));
      await until(() => read.length === 2, "the receipts");
      expect(read).toEqual([1, 3]);
      expect(fake.server.received.filter((frame) => frame.type === "message.read")).toHaveLength(2);
    } finally {
      other.close();
    }
  });
});
