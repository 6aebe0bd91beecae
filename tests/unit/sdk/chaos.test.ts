import { describe, expect, it } from "vitest";
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

describe("under random drops", () => {
  it.each([1, 2, 3])(
    "[WEB-76] every message is stored once, and reaches every client once and in order (seed %i)",
    async (seed) => {
      const random = randomOf(seed);
      const { server, ani, budi, team } = await startFake();
      const clients = [clientFor(server, ani.id), clientFor(server, budi.id)];
      try {
        const seen = await Promise.all(clients.map(online));
        const sends: Promise<unknown>[] = [];
        for (let step = 0; step < 80; step += 1) {
          const client = clients[random() < 0.5 ? 0 : 1];
          const dice = random();
          if (dice < 0.7) sends.push(client?.channel("team").send({ content: `m${step}` }) ?? Promise.resolve());
          else if (dice < 0.8) server.drop();
          else if (dice < 0.85) server.closeAll(1012, "restart");
          else if (dice < 0.9) client?.disconnect();
          else client?.connect();
          if (random() < 0.5) await pause(random() * 8);
        }
        for (const client of clients) client.connect();
        await Promise.all(sends);
        const stored = team.messages.map((message) => message.content);
        expect(stored).toHaveLength(sends.length);
        expect(new Set(stored).size).toBe(stored.length);
        for (const contents of seen) {
          await until(() => contents.length >= stored.length, "all messages");
          expect(contents).toEqual(stored);
        }
        expect(server.historyReads).toBe(0);
      } finally {
        for (const client of clients) client.close();
        await server.stop();
      }
    },
  );
});
