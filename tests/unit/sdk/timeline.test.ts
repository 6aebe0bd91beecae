import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { KabarClient } from "../../../src/sdk/index.ts";
import { Pins, ReadPositions, Timeline } from "../../../src/sdk/live.ts";
import { clientFor, online, startFake, until } from "./support/setup.ts";

let fake: Awaited<ReturnType<typeof startFake>>;
let client: KabarClient;
let timeline: Timeline;

beforeEach(async () => {
  fake = await startFake();
  client = clientFor(fake.server, fake.ani.id);
  timeline = new Timeline(client, "team");
});
afterEach(async () => {
  timeline.close();
  client.close();
  await fake.server.stop();
});

const texts = (of = timeline) => of.entries.map(({ message, draft }) => message?.content ?? draft?.message.content);
const shows = (...expected: string[]) => until(() => texts().join() === expected.join(), expected.join());
const budi = (content: string, more = {}) => fake.server.post("team", fake.budi.id, content, more);
const changes = () => fake.server.workspace.changes;
const react = (id: string, emoji: string | undefined) =>
  fake.server.publish(changes().react(fake.team, id, fake.budi.id, emoji));

describe("timeline", () => {
  it("[WEB-4] shows history, then what comes, with one's own messages at once and once", async () => {
    budi("1");
    await online(client);
    await timeline.load();
    expect(texts()).toEqual(["1"]);
    fake.server.loseAnswers = true;
    const key = timeline.send({ content: "mine" });
    expect(texts()).toEqual(["1", "mine"]);
    expect(timeline.entries[1]?.draft?.state).toBe("sending");
    await until(() => fake.team.messages.length === 2, "the message to be stored");
    budi("3");
    fake.server.loseAnswers = false;
    fake.server.drop();
    await shows("1", "mine", "3");
    expect(timeline.entries.map((entry) => entry.key)[1]).toBe(key);
    expect(timeline.entries.every((entry) => entry.draft === undefined)).toBe(true);
  });

  it("[WEB-5] a refused message says why, and is sent again or discarded", async () => {
    await online(client);
    await timeline.load();
    fake.server.refusals.push({ code: "RATE_LIMITED", retry_after: 30 });
    const key = timeline.send({ content: "too much" });
    await until(() => timeline.entries[0]?.draft?.state === "failed", "the refusal");
    expect(timeline.entries[0]?.draft?.error).toMatchObject({ code: "RATE_LIMITED" });
    timeline.retry(key);
    await until(() => timeline.entries[0]?.message?.content === "too much", "the second try");
    fake.server.refusals.push({ code: "RATE_LIMITED" });
    const other = timeline.send({ content: "not needed" });
    await until(() => timeline.entries[1]?.draft?.state === "failed", "the refusal");
    timeline.discard(other);
    expect(texts()).toEqual(["too much"]);
  });

  it("[WEB-6] lays a changed message over the known one, and its quotes follow", async () => {
    const first = budi("frist");
    react(first.id, "👍");
    budi("you mean?", { parent_id: first.id });
    budi("in the thread", { thread_root_id: first.id });
    await online(client);
    await timeline.load();
    expect(texts()).toEqual(["frist", "you mean?"]);
    fake.server.publish(changes().edit(fake.team, first.id, "first"));
    await shows("first", "you mean?");
    expect(timeline.get(first.id)).toMatchObject({
      reactions: [{ emoji: "👍", count: 1 }],
      reply_count: 1,
      last_repliers: [{ name: "Budi" }],
    });
    expect(timeline.entries[1]?.message?.quoted_message).toMatchObject({ content: "first", deleted: false });
    fake.server.publish(changes().unsend(fake.team, first.id));
    await shows("", "you mean?");
    expect(timeline.get(first.id)?.reactions).toEqual([]);
    expect(timeline.entries[1]?.message?.quoted_message).toMatchObject({ content: "", deleted: true });
  });

  it("[WEB-7] shows one's own edit, reaction, pin and unsend at once, and takes back what is refused", async () => {
    const mine = fake.server.post("team", fake.ani.id, "mine");
    await online(client);
    await timeline.load();
    const edited = timeline.edit(mine.id, { content: "edited" });
    expect(timeline.entries[0]).toMatchObject({ changing: true, message: { content: "edited" } });
    await edited;
    expect(timeline.entries[0]).toMatchObject({ changing: false, message: { content: "edited" } });
    const reacted = timeline.react(mine.id, "🎉");
    expect(timeline.get(mine.id)?.reactions).toEqual([{ emoji: "🎉", count: 1, reacted_by_me: true }]);
    await reacted;
    await timeline.pin(mine.id, true);
    expect(timeline.get(mine.id)?.pinned_at).not.toBeNull();
    expect(fake.team.messages[0]).toMatchObject({ content: "edited", pinned_at: expect.any(String) });

    fake.server.refusals.push({ code: "RATE_LIMITED" });
    const refused = timeline.edit(mine.id, { content: "no" });
    expect(texts()).toEqual(["no"]);
    await expect(refused).rejects.toMatchObject({ code: "RATE_LIMITED" });
    expect(texts()).toEqual(["edited"]);
    fake.server.refusals.push({ code: "RATE_LIMITED" });
    await expect(timeline.react(mine.id, "👍")).rejects.toMatchObject({ code: "RATE_LIMITED" });
    expect(timeline.get(mine.id)?.reactions).toEqual([{ emoji: "🎉", count: 1, reacted_by_me: true }]);
    await timeline.react(mine.id, undefined);
    await timeline.unsend(mine.id);
    expect(timeline.get(mine.id)).toMatchObject({ content: "", deleted_at: expect.any(String), reactions: [] });
  });

  it("[WEB-8] shows a thread of its own, and counts its replies on the root", async () => {
    const root = budi("a question");
    await online(client);
    await timeline.load();
    const thread = new Timeline(client, "team", root.id);
    try {
      await thread.load();
      expect(thread.root?.message?.content).toBe("a question");
      thread.send({ content: "mine" });
      await until(() => timeline.get(root.id)?.reply_count === 1, "the count");
      const reply = budi("an answer", { thread_root_id: root.id });
      await until(() => texts(thread).join() === "mine,an answer", "the replies");
      expect(texts()).toEqual(["a question"]);
      const repliers = () => timeline.get(root.id)?.last_repliers.map((user) => user.name);
      await until(() => repliers()?.join() === "Budi,Ani", "the repliers");
      expect(timeline.get(root.id)?.reply_count).toBe(2);
      fake.server.publish(changes().unsend(fake.team, reply.id));
      await until(() => timeline.get(root.id)?.reply_count === 1, "the count to go down");
      await until(() => repliers()?.join() === "Ani", "the repliers");
    } finally {
      thread.close();
    }
  });

  it("[WEB-9] moves to any message, grows both ways from there, and ends where it is live again", async () => {
    for (let n = 1; n <= 120; n += 1) budi(`${n}`);
    await online(client);
    await timeline.load();
    const tenth = fake.team.messages[9]?.id ?? "";
    await timeline.show(tenth);
    expect(texts()).toContain("10");
    expect(timeline.atEnd).toBe(false);
    budi("121");
    await timeline.loadOlder();
    while (!timeline.atEnd) await timeline.loadNewer();
    expect(timeline.hasOlder).toBe(false);
    budi("122");
    await until(() => texts().at(-1) === "122", "the live message");
    expect(texts()).toEqual(Array.from({ length: 122 }, (_, index) => `${index + 1}`));
  });

  it("[WEB-10] a reaction that comes beside a page of history is counted once", async () => {
    const message = budi("hello");
    await online(client);
    fake.server.pageDelay = 40;
    const loading = timeline.load();
    await new Promise((resolve) => setTimeout(resolve, 15));
    react(message.id, "👍");
    await loading;
    await until(() => timeline.get(message.id)?.reactions[0]?.count === 1, "the reaction");
    fake.server.pageDelay = 0;
    client.disconnect();
    react(message.id, "❤️");
    await timeline.load();
    expect(timeline.get(message.id)?.reactions).toEqual([{ emoji: "❤️", count: 1, reacted_by_me: false }]);
    client.connect();
    await until(() => client.state === "online", "the connection");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(timeline.get(message.id)?.reactions).toEqual([{ emoji: "❤️", count: 1, reacted_by_me: false }]);
  });

  it("[WEB-11] reads itself anew after a discontinuity", async () => {
    const message = budi("before");
    await online(client);
    await timeline.load();
    client.disconnect();
    changes().edit(fake.team, message.id, "edited meanwhile");
    fake.server.workspace.trimmedTo = 2;
    client.connect();
    await shows("edited meanwhile");
  });

  it("[WEB-12] a message that overtook a hole has the changes that came before it", async () => {
    budi("1");
    await online(client);
    await timeline.load();
    fake.server.workspace.post(fake.team, fake.budi.id, { content: "lost on the way" });
    const third = budi("3");
    fake.server.publish(changes().edit(fake.team, third.id, "3, edited"));
    react(third.id, "👍");
    await shows("1", "lost on the way", "3, edited");
    await until(() => timeline.get(third.id)?.reactions[0]?.count === 1, "the reaction");
  });
});

describe("pins and receipts", () => {
  it("[WEB-13] pinned messages are listed last pinned first, follow edits, and go with unpinning and unsending", async () => {
    const [one, two] = [budi("one"), budi("two")];
    changes().pin(fake.team, one.id, fake.budi.id, true);
    await online(client);
    const pins = new Pins(client.channel("team"));
    await pins.load();
    const listed = () => pins.all.map((message) => message.content).join();
    expect(listed()).toBe("one");
    await new Promise((resolve) => setTimeout(resolve, 5));
    await client.channel("team").pin(two.id);
    await until(() => listed() === "two,one", "both pins");
    fake.server.publish(changes().edit(fake.team, one.id, "one, edited"));
    await until(() => listed() === "two,one, edited", "the edit");
    fake.server.publish(changes().unsend(fake.team, one.id));
    await until(() => listed() === "two", "the unsend");
    await client.channel("team").unpin(two.id);
    await until(() => listed() === "", "the unpin");
    pins.close();
  });

  it("[WEB-14] knows who has read a message, by members first and by receipts then", async () => {
    const message = fake.server.post("team", fake.ani.id, "hello");
    await online(client);
    const reads = new ReadPositions();
    client.channel("team").on("message.read", ({ user_id, seq }) => reads.note(user_id, seq));
    reads.setMembers((await client.channel("team").members()).members);
    expect(reads.readersOf(message)).toEqual([]);
    fake.server.publish(fake.server.workspace.read(fake.team, fake.budi.id, message.id));
    await until(() => reads.readersOf(message).length === 1, "the receipt");
    expect(reads.readersOf(message)[0]?.name).toBe("Budi");
    const again = new ReadPositions();
    again.setMembers((await client.channel("team").members()).members);
    expect(again.readersOf(message).map((user) => user.name)).toEqual(["Budi"]);
  });
});
