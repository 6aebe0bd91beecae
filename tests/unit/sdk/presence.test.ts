import path from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import type { FrameUp } from "../../../src/protocol/frames-up.ts";
import type { Presence } from "../../../src/protocol/presence.ts";
import { PresenceBook } from "../../../src/sdk/presence.ts";
import { clientFor, online, startFake, until } from "./support/setup.ts";

const one = (name: string, status: Presence["status"]): Presence => ({
  user_id: `id-${name}`,
  external_id: name,
  status,
  last_seen_at: null,
});

function book() {
  const sent: FrameUp[] = [];
  const changes: string[] = [];
  const presence = new PresenceBook(
    (frame) => sent.push(frame),
    (change) => changes.push(`${change.external_id} ${change.status}`),
    1,
  );
  return { presence, sent, changes, types: () => sent.map((frame) => frame.type) };
}

describe("presence in the client", () => {
  it("[PRES-17] keeps who is there, tells of changes only, and takes those for gone who are in no new answer", () => {
    const { presence, changes } = book();
    presence.told({ users: [one("ani", "online"), one("budi", "away")], truncated: false }, "presence.query");
    presence.update(one("ani", "online"));
    presence.update(one("ani", "away"));
    presence.told({ users: [one("cici", "online")], truncated: false }, "presence.watch");
    presence.told({ users: [one("ani", "away")], truncated: false }, "presence.query");
    expect(changes).toEqual(["ani online", "budi away", "ani away", "cici online", "budi offline"]);
    expect(presence.get("budi")?.status).toBe("offline");
    expect(presence.get("id-ani")?.status).toBe("away");
    presence.told({ users: [], truncated: true }, "presence.query");
    expect(changes).toHaveLength(5);
  });

  it("[PRES-18] asks nothing before the app listens; after a reconnect it says again that it is away and whom it watches", async () => {
    const { presence, types } = book();
    presence.connected();
    presence.joined();
    expect(types()).toEqual([]);
    presence.begin();
    presence.begin();
    presence.set("away");
    presence.watch(["far"]);
    expect(types()).toEqual(["presence.query", "presence.set", "presence.watch"]);
    presence.connected();
    expect(types().slice(3)).toEqual(["presence.set", "presence.watch", "presence.query"]);
    for (let n = 0; n < 5; n++) presence.joined();
    await until(() => types().length > 6, "the question");
    expect(types().slice(6)).toEqual(["presence.query"]);
  });

  it("[PRES-18] works over the wire, across a dropped line", async () => {
    const { server, ani, budi } = await startFake();
    const [first, second] = [clientFor(server, ani.id), clientFor(server, budi.id)];
    try {
      const seen: string[] = [];
      first.on("presence", (presence) => seen.push(`${presence.external_id} ${presence.status}`));
      await online(second);
      await online(first);
      await until(() => seen.length === 1, "the answer");
      second.presence.set("away");
      await until(() => seen.length === 2, "the change");
      server.drop();
      // Says it once more only on a new connection, which may be there before anybody has seen the old one go.
      await until(() => server.received.filter((frame) => frame.type === "presence.set").length === 2, "away again");
      await until(() => second.state === "online" && first.state === "online", "the reconnect");
      expect(seen.slice(0, 2)).toEqual(["budi online", "budi away"]);
    } finally {
      first.close();
      second.close();
      await server.stop();
    }
  });

  it("[PRES-19] the library is smaller than 10 kB when compressed", async () => {
    const entry = path.resolve(import.meta.dirname, "../../../src/sdk/index.ts");
    const options = { bundle: true, minify: true, format: "esm", target: "es2022", write: false } as const;
    const { outputFiles } = await build({ entryPoints: [entry], ...options });
    expect(gzipSync(outputFiles[0]?.contents ?? "").byteLength).toBeLessThan(10_000);
  });
});
