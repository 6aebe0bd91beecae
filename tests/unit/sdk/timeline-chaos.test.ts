import { describe, expect, it } from "vitest";
import type { Message } from "../../../src/protocol/message.ts";
import { Timeline } from "../../../src/sdk/live.ts";
import { viewOf } from "./support/fake-changes.ts";
import { clientFor, online, startFake, until } from "./support/setup.ts";

/** A small generator, so that a failing run can be repeated by its seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const EMOJIS = ["👍", "❤️", undefined];

describe("a timeline under random changes and drops", () => {
  it.each([1, 2, 36, 52])("[WEB-15] ends as the server has it, on both sides (seed %i)", async (seed) => {
    const random = randomOf(seed);
    const { server, ani, budi, team } = await startFake();
    const users = [ani.id, budi.id];
    const clients = users.map((id) => clientFor(server, id));
    const timelines = clients.map((client) => new Timeline(client, "team"));
    const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)] as Item;
    const settled: Promise<unknown>[] = [];
    try {
      await Promise.all(clients.map(online));
      for (const timeline of timelines) await timeline.load();
      for (let step = 0; step < 120; step += 1) {
        const side = random() < 0.5 ? 0 : 1;
        const [client, timeline] = [clients[side], timelines[side]];
        const target = team.messages.length > 0 ? pick(team.messages).id : undefined;
        const dice = random();
        server.pageDelay = random() < 0.3 ? 10 : 0;
        // What the server refuses (an edit of an unsent message) is shown as before.
        const change = (made: Promise<void> | undefined) => settled.push(made?.catch(() => undefined) ?? pause(0));
        if (dice < 0.25 || !target) timeline?.send({ content: `m${step}`, parent_id: random() < 0.4 ? target : null });
        else if (dice < 0.32) timeline?.send({ content: `t${step}`, thread_root_id: rootOf(team.messages, target) });
        else if (dice < 0.5) change(timeline?.react(target, pick(EMOJIS)));
        else if (dice < 0.6) change(timeline?.edit(target, { content: `e${step}` }));
        else if (dice < 0.65) change(timeline?.unsend(target));
        else if (dice < 0.7) change(timeline?.pin(target, random() < 0.5));
        else if (dice < 0.8) settled.push(timeline?.load().catch(() => undefined) ?? pause(0));
        else if (dice < 0.87) server.drop();
        else if (dice < 0.92) client?.disconnect();
        else client?.connect();
        if (random() < 0.6) await pause(random() * 12);
      }
      for (const client of clients) client.connect();
      await Promise.all(settled);
      for (const [side, timeline] of timelines.entries()) {
        const view = () =>
          team.messages.filter((one) => !one.thread_root_id).map((one) => viewOf(team, one, users[side] ?? ""));
        const expected = () => view().map(comparable).join("\n");
        const shown = () => timeline.entries.map(({ message }) => (message ? comparable(message) : "draft")).join("\n");
        await until(() => shown() === expected(), "the server's state").catch(() => {
          expect(shown()).toBe(expected());
        });
      }
    } finally {
      for (const timeline of timelines) timeline.close();
      for (const client of clients) client.close();
      await server.stop();
    }
  });
});

function rootOf(messages: Message[], id: string): string {
  return messages.find((message) => message.id === id)?.thread_root_id ?? id;
}

/** All that a screen shows of a message. */
function comparable(message: Message): string {
  const { seq, content, reactions, reply_count, last_repliers, quoted_message, deleted_at, pinned_at } = message;
  const sorted = [...reactions].sort((one, two) => (one.emoji < two.emoji ? -1 : 1));
  const repliers = last_repliers.map((user) => user.name);
  return JSON.stringify([seq, content, sorted, reply_count, repliers, quoted_message, !deleted_at, !pinned_at]);
}
