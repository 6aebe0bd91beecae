import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Message } from "../../../src/protocol/message.ts";
import type { Discontinuity, KabarClient } from "../../../src/sdk/index.ts";
import { Messages } from "../../../src/sdk/messages.ts";
import { Sequence } from "../../../src/sdk/sequence.ts";
import { TIMINGS } from "../../../src/sdk/timings.ts";
import { clientFor, online, startFake, until } from "./support/setup.ts";

const seqs = (items: { seq: number }[]) => items.map((item) => item.seq);

describe("sequence", () => {
  it("[WEB-57] lets each out once and in order", () => {
    const sequence = new Sequence();
    expect(seqs(sequence.take({ seq: 4 }))).toEqual([4]);
    expect(seqs(sequence.take({ seq: 6 }))).toEqual([]);
    expect(sequence.hasHole).toBe(true);
    expect(seqs(sequence.take({ seq: 7 }))).toEqual([]);
    expect(seqs(sequence.take({ seq: 5 }))).toEqual([5, 6, 7]);
    expect(sequence.hasHole).toBe(false);
    expect(seqs(sequence.take({ seq: 6 }))).toEqual([]);
  });

  it("[WEB-57] skips what is known from history, and lets out what waited behind it", () => {
    const sequence = new Sequence();
    sequence.take({ seq: 1 });
    sequence.take({ seq: 5 });
    sequence.take({ seq: 8 });
    expect(seqs(sequence.advance(4))).toEqual([5]);
    expect(seqs(sequence.flush())).toEqual([8]);
    expect(sequence.last).toBe(8);
  });
});

describe("messages", () => {
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

  it("[WEB-58] closes a hole from history, in order", async () => {
    const contents = await online(client);
    fake.server.post("team", fake.budi.id, "1");
    await until(() => contents.length === 1, "the first message");
    // Two messages whose events get lost on the way.
    for (const content of ["2", "3"]) fake.server.workspace.post(fake.team, fake.budi.id, { content });
    fake.server.post("team", fake.budi.id, "4");
    await until(() => contents.length === 4, "the missing messages");
    expect(contents).toEqual(["1", "2", "3", "4"]);
    expect(fake.server.historyReads).toBe(1);
  });

  it("[WEB-58] reads no history where the hole closes by itself", async () => {
    const contents = await online(client);
    fake.server.post("team", fake.budi.id, "1");
    const second = fake.server.workspace.post(fake.team, fake.budi.id, { content: "2" }).event;
    fake.server.post("team", fake.budi.id, "3");
    fake.server.publish(second);
    await until(() => contents.length === 3, "all messages");
    expect(contents).toEqual(["1", "2", "3"]);
    expect(fake.server.historyReads).toBe(0);
  });

  it("[WEB-58] notices a hole against the channel list and the history that were read", async () => {
    for (const content of ["1", "2"]) fake.server.workspace.post(fake.team, fake.budi.id, { content });
    const contents = await online(client);
    await client.channels();
    fake.server.workspace.post(fake.team, fake.budi.id, { content: "3" });
    fake.server.post("team", fake.budi.id, "4");
    await until(() => contents.length === 2, "both messages");
    expect(contents).toEqual(["3", "4"]);
  });

  it("[WEB-58] goes on behind a message that history does not show", async () => {
    const out: number[] = [];
    const lost: string[] = [];
    const message = (seq: number) => ({ seq, channel_id: "c" }) as Message;
    const history = async () => ({
      messages: [message(4), message(2), message(1)],
      has_more: false,
      next_cursor: null,
    });
    const handlers = { message: (one: Message) => out.push(one.seq), lost: (id: string) => lost.push(id) };
    const messages = new Messages({ history }, handlers, { ...TIMINGS, holeGrace: 1 });
    messages.take(message(1));
    messages.take(message(4));
    await until(() => out.length === 3, "the rest");
    expect(out).toEqual([1, 2, 4]);
    expect(lost).toEqual([]);
  });

  it("[WEB-59] reports a hole that is too large, and delivers what it has", async () => {
    const contents = await online(client);
    const breaks: Discontinuity[] = [];
    client.on("discontinuity", (one) => breaks.push(one));
    fake.server.post("team", fake.budi.id, "first");
    await until(() => contents.length === 1, "the first message");
    for (let i = 0; i < 500; i += 1) fake.server.workspace.post(fake.team, fake.budi.id, { content: `${i}` });
    fake.server.post("team", fake.budi.id, "last");
    await until(() => breaks.length === 1, "the discontinuity");
    expect(breaks).toEqual([{ reason: "hole", channel_id: fake.team.id }]);
    expect(contents.at(-1)).toBe("last");
  });

  it("[WEB-60] understands batches and ignores what it does not know", async () => {
    const contents = await online(client);
    const events = ["1", "2"].map((content) => fake.server.workspace.post(fake.team, fake.budi.id, { content }).event);
    fake.server.broadcast({ type: "news.from.the.future", data: {} });
    fake.server.broadcast({ type: "message.created" });
    fake.server.broadcast([]);
    fake.server.broadcast({ type: "batch", data: { events } });
    await until(() => contents.length === 2, "the batch");
    expect(contents).toEqual(["1", "2"]);
  });
});
