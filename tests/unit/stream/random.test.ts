import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChangedMessage } from "../../../src/protocol/message.ts";
import { createRig, creation, FakeRuntime, FakeSocket, uuid } from "../../support/hub-rig.ts";
import { StreamReader } from "../../support/stream-reader.ts";

const channel = uuid("channel", 1);
const [ana, budi] = [uuid("user", 1), uuid("user", 2)];

type Step =
  | { do: "write"; text: string }
  | { do: "wait"; ms: number }
  | { do: "connect"; batch: boolean }
  | { do: "reconnect"; client: number }
  | { do: "snapshot"; client: number }
  | { do: "arrive" }
  | { do: "pin" }
  | { do: "crash" }
  | { do: "hibernate" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("write" as const), text: fc.string({ unit: "grapheme", minLength: 1 }) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 300 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("connect" as const), batch: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("reconnect" as const), client: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("snapshot" as const), client: fc.nat(9) }) },
  fc.constant<Step>({ do: "arrive" }),
  fc.constant<Step>({ do: "pin" }),
  fc.constant<Step>({ do: "crash" }),
  fc.constant<Step>({ do: "hibernate" }),
);

/** A member's client: its socket of now, and all that it has understood. */
class Client {
  readonly reader = new StreamReader();
  readonly batch: boolean;
  socket = new FakeSocket();
  cursor: string | undefined;
  #seen = 0;

  constructor(batch: boolean) {
    this.batch = batch;
  }

  replaceSocket(): FakeSocket {
    this.drain();
    this.socket = new FakeSocket();
    this.#seen = 0;
    return this.socket;
  }

  /** Takes what has come. */
  drain(): void {
    for (const frame of this.socket.frames.slice(this.#seen)) {
      const events = frame.type === "batch" ? frame.data.events : [frame];
      for (const event of events) {
        this.reader.take(event);
        if ("data" in event && "cursor" in event.data) this.cursor = event.data.cursor;
      }
    }
    this.#seen = this.socket.frames.length;
  }
}

/** A hub that is replaced, an author that repeats what was not acknowledged, and clients that come and go. */
class World {
  rig = createRig();
  readonly clients: Client[] = [];
  messageId = "";
  written = "";
  acknowledged = 0;
  pinned = false;
  late: (() => void)[] = [];

  async begin(): Promise<void> {
    await this.rig.hub.applyChannel(channel, 1, creation(1, 2));
    await this.rig.runtime.advance(300);
    this.messageId = (await this.rig.send(channel, ana, "", { streaming: true })).id;
  }

  write(text: string): void {
    const offset = this.written.length;
    this.written += text;
    void this.#append(offset, text);
  }

  async connect(client: Client): Promise<void> {
    const socket = client.replaceSocket();
    const identity = {
      userId: budi,
      workspaceId: "w",
      tokenExpiresAt: this.rig.runtime.time + 1e9,
      acceptsBatches: client.batch,
    };
    const { cursor } = client;
    const connection = this.rig.sessions.open(socket, identity);
    if (connection === undefined) throw new Error("refused");
    if (cursor !== undefined) {
      await this.rig.sessions.receive(connection, JSON.stringify({ type: "resume", data: { cursor } }));
    }
  }

  /** A new object on the same storage. Timers and whatever was not stored are gone. */
  #replace(): void {
    const { sql, archive, snapshots, runtime: old } = this.rig;
    const runtime = new FakeRuntime();
    runtime.time = old.time;
    this.rig = createRig({ sql, archive, snapshots, runtime });
  }

  async crash(): Promise<void> {
    this.#replace();
    for (const client of this.clients) await this.connect(client);
    // The author begins again behind what was acknowledged, and cuts it into other pieces.
    const text = this.written.slice(this.acknowledged);
    const middle = Math.floor(text.length / 2);
    const at = text.slice(0, middle).isWellFormed() ? middle : middle + 1;
    if (at > 0) void this.#append(this.acknowledged, text.slice(0, at));
    if (at < text.length) void this.#append(this.acknowledged + at, text.slice(at));
  }

  async hibernate(): Promise<void> {
    await this.rig.runtime.advance(600);
    expect(this.rig.runtime.pendingTimers).toBe(0);
    this.#replace();
    for (const { socket } of this.clients) {
      if (socket.stored !== undefined) this.rig.sessions.restore(socket, socket.stored);
    }
  }

  async current(): Promise<ChangedMessage | undefined> {
    return (await this.rig.hub.currentMessages([{ channelId: channel, messageId: this.messageId }]))[0];
  }

  async #append(offset: number, delta: string): Promise<void> {
    const { hub } = this.rig;
    const actor = { userId: ana };
    const answer = await hub.streamWriter.append({ channel, messageId: this.messageId, actor, offset, delta });
    if (!answer.ok) throw new Error(answer.error.message);
    // The answers of an object that is gone do not come.
    if (hub === this.rig.hub) this.acknowledged = Math.max(this.acknowledged, answer.value.length);
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const one of steps) {
      const client = "client" in one ? this.clients[one.client % Math.max(1, this.clients.length)] : undefined;
      if (one.do === "write") this.write(one.text);
      else if (one.do === "wait") await this.rig.runtime.advance(one.ms);
      else if (one.do === "connect") {
        if (this.clients.length >= 8) continue;
        this.clients.push(new Client(one.batch));
        await this.connect(this.clients.at(-1) as Client);
      } else if (one.do === "reconnect" && client !== undefined) await this.connect(client);
      else if (one.do === "snapshot" && client !== undefined) {
        const message = await this.current();
        if (message !== undefined) this.late.push(() => client.reader.read(message));
      } else if (one.do === "arrive") this.arrive();
      else if (one.do === "pin") {
        this.pinned = !this.pinned;
        const command = { channel, messageId: this.messageId, actor: { userId: ana }, pinned: this.pinned };
        await this.rig.hub.messageChanges.pin(command);
      } else if (one.do === "crash") await this.crash();
      else if (one.do === "hibernate") await this.hibernate();
      for (const each of this.clients) each.drain();
    }
  }

  arrive(): void {
    for (const client of this.clients) client.drain();
    for (const read of this.late.splice(0)) read();
  }
}

describe("streams at random", () => {
  it("[STREAM-4] whoever joins, reloads or resumes at whatever moment has the identical text, through crashes and evictions", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), fc.boolean(), async (steps, finishes) => {
        const world = new World();
        await world.begin();
        await world.run(steps);
        world.write(".");
        await world.rig.runtime.advance(600);
        world.arrive();
        const texts = () => world.clients.map(({ reader }) => [reader.texts.get(world.messageId), reader.holes]);
        expect(world.acknowledged).toBe(world.written.length);
        expect((await world.current())?.content).toBe(world.written);
        expect(texts()).toEqual(world.clients.map(() => [world.written, 0]));

        if (finishes) {
          const actor = { userId: ana };
          await world.rig.hub.streamWriter.end({ channel, messageId: world.messageId, actor });
        } else {
          await world.rig.runtime.advance(60_000);
          await world.rig.hub.alarm();
        }
        await world.rig.runtime.advance(1_000);
        world.arrive();
        expect(texts()).toEqual(world.clients.map(() => [world.written, 0]));
        expect(world.clients.every(({ reader }) => reader.ended.has(world.messageId))).toBe(true);
        expect(world.rig.archive.rows).toMatchObject([{ content: world.written, streaming: false, edited_at: null }]);
      }),
      { numRuns: 120 },
    );
  });
});
