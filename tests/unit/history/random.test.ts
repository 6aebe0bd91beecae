import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HeldPage, HeldPageRequest } from "../../../src/domain/hub-contract.ts";
import type { Message } from "../../../src/protocol/message.ts";
import { messagesOf, pageAsSeenBy } from "../../support/history-page.ts";
import {
  createRig,
  creation,
  FakeRuntime,
  MemoryArchive,
  MemoryHistory,
  profile,
  uuid,
} from "../../support/hub-rig.ts";

const channel = uuid("channel", 1);
const USERS = [uuid("user", 1), uuid("user", 2), uuid("user", 3)];
const userOf = (n: number) => USERS[n % USERS.length] ?? "";

/** Seqs of messages that are often meant, some of them where copies begin and end. */
const OFTEN = [3, 40, 63, 64, 70];

/** `at` is a message: below the length of `OFTEN` one of those, else how many it lies behind the newest one, beyond that length. */
type Step =
  | { do: "send"; user: number; key: boolean; quotes: number | undefined; thread: number | undefined }
  | { do: "edit" | "unsend" | "pin" | "open" | "finish"; at: number }
  | { do: "react"; at: number; user: number; emoji: string | undefined }
  | { do: "rename"; user: number }
  | { do: "read"; reader: number | undefined; before: number | undefined; limit: number }
  | { do: "wait"; ms: number }
  | { do: "late" | "arrive" | "hibernate" | "down" | "up" };

const at = fc.nat(OFTEN.length + 4);
const user = fc.nat(2);
const read: fc.Arbitrary<Step> = fc.record({
  do: fc.constant("read" as const),
  reader: fc.option(user, { nil: undefined, freq: 4 }),
  before: fc.option(fc.constantFrom(1, 2, 64, 65, 80, 120), { nil: undefined }),
  limit: fc.constantFrom(1, 5, 50, 100),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      user,
      key: fc.boolean(),
      quotes: fc.option(at, { nil: undefined, freq: 1 }),
      thread: fc.option(at, { nil: undefined, freq: 1 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom("edit" as const, "unsend" as const, "pin" as const), at }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("open" as const, "finish" as const), at }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("react" as const),
      at,
      user,
      emoji: fc.constantFrom("👍", "🎉", undefined),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("rename" as const), user }) },
  { weight: 12, arbitrary: read },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 300 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("late" as const, "arrive" as const, "hibernate" as const, "down" as const, "up" as const),
    }),
  },
);

/** Blocks that are written down: all, the newest one, or none, and the others in memory alone. */
const stored = fc.constantFrom(undefined, 1, 0);

/** A channel whose hub, readers and Postgres do what they are told. */
class World {
  readonly runtime = new FakeRuntime();
  readonly archive = new MemoryArchive();
  readonly history = new MemoryHistory(this.archive);
  rig: ReturnType<typeof createRig>;
  readonly ids: string[] = [];
  readonly versions = new Map<number, number>();
  readonly waiting: (() => Promise<void>)[] = [];
  late: (() => void)[] = [];
  held = 0;
  #texts = 0;

  constructor(storedBlocksPerChannel: number | undefined) {
    const { runtime, archive, history } = this;
    this.rig = createRig({ runtime, archive, history, storedBlocksPerChannel });
  }

  async begin(): Promise<void> {
    await this.rig.hub.applyChannel(channel, 1, creation(1, USERS.length));
    for (let n = 0; n < 90; n++) await this.#send({ user: n });
    await this.#sendAboutOthers();
    await this.runtime.advance(2_000);
    // Readers become known, and what is read again becomes a copy.
    for (let n = 0; n < 3; n++) {
      for (const reader of [0, 1, 2]) await this.#read({ do: "read", reader, before: undefined, limit: 100 });
    }
    await this.#sendAboutOthers();
    this.held = 0;
  }

  async take(step: Step): Promise<void> {
    const { hub } = this.rig;
    switch (step.do) {
      case "send": {
        const quotes = step.quotes === undefined ? {} : { parent_id: this.#id(step.quotes) };
        const thread = step.thread === undefined ? {} : { thread_root_id: this.#id(step.thread) };
        const key = step.key ? { idempotency_key: `key "${++this.#texts}"\t` } : {};
        await this.#send({ user: step.user, more: { ...quotes, ...thread, ...key } });
        break;
      }
      case "edit":
        await this.#attempt(
          hub.messageChanges.edit({ ...this.#target(step.at), body: { content: `edited ${++this.#texts}` } }),
        );
        break;
      case "unsend":
        await this.#attempt(hub.messageChanges.unsend(this.#target(step.at)));
        break;
      case "pin":
        await this.#attempt(hub.messageChanges.pin({ ...this.#target(step.at), pinned: this.#texts % 3 !== 0 }));
        break;
      case "open":
        await this.#send({ user: step.at, more: { streaming: true } });
        break;
      case "finish":
        await this.#attempt(hub.streamWriter.end({ ...this.#target(step.at), content: `streamed ${++this.#texts}` }));
        break;
      case "react":
        await this.#attempt(
          hub.messageChanges.react({
            channel,
            messageId: this.#id(step.at),
            userId: userOf(step.user),
            emoji: step.emoji,
          }),
        );
        break;
      case "rename": {
        const version = (this.versions.get(step.user) ?? 1) + 1;
        this.versions.set(step.user, version);
        const name = `Name ${version} of ${step.user}`;
        this.history.names.set(userOf(step.user), name);
        hub.applyUser({ ...profile(step.user + 1), name, version });
        break;
      }
      case "read":
        await this.#read(step);
        break;
      case "wait":
        await this.runtime.advance(step.ms);
        break;
      case "late":
        this.history.delay = () => new Promise((resolve) => this.late.push(resolve));
        break;
      case "arrive":
        await this.arrive();
        break;
      case "hibernate":
        await this.arrive();
        await this.runtime.advance(300);
        this.rig = createRig({ ...this.rig, sql: this.rig.sql });
        break;
      case "down":
        this.archive.up = false;
        break;
      case "up":
        this.archive.up = true;
        break;
    }
    await this.runtime.advance(1);
  }

  /** Lets answers come that were held back. */
  async arrive(): Promise<void> {
    this.history.delay = undefined;
    for (const answer of this.late.splice(0)) answer();
    await this.runtime.advance(1);
    for (const compare of this.waiting.splice(0)) await compare();
  }

  /** What changes with messages that are elsewhere. */
  async #sendAboutOthers(): Promise<void> {
    for (const [user, seq] of OFTEN.entries()) {
      await this.#send({ user, more: { parent_id: this.ids[seq - 1] } });
      await this.#send({ user: user + 1, more: { thread_root_id: this.ids[seq - 1] } });
    }
  }

  async #send({ user, more = {} }: { user: number; more?: Record<string, unknown> }): Promise<void> {
    const body = { content: `text ${++this.#texts} ü`, ...more };
    const sent = await this.#attempt(this.rig.hub.send({ channel, sender: { userId: userOf(user) }, body }));
    if (sent?.ok) this.ids.push((JSON.parse(sent.value.messageJson) as Message).id);
  }

  /** What needs Postgres fails while it is away, after a while. */
  async #attempt<Result>(work: Promise<Result>): Promise<Result | undefined> {
    let isOver = false;
    const outcome = work
      .catch((error: unknown) => {
        if (!/does not answer|connection refused/.test(String(error))) throw error;
        return undefined;
      })
      .finally(() => {
        isOver = true;
      });
    await this.runtime.advance(0);
    for (let n = 0; n < 10 && !isOver; n++) await this.runtime.advance(250);
    return outcome;
  }

  /** What the hub holds is what is true in the turn in which it answers, which is what Postgres has once it has all. */
  async #read({ reader, before, limit }: Extract<Step, { do: "read" }>): Promise<void> {
    const request: HeldPageRequest = {
      channel,
      limit,
      ...(reader === undefined ? {} : { userId: userOf(reader) }),
      ...(before === undefined ? {} : { before }),
    };
    const answer = this.rig.hub.history.page(request);
    let isDone = false;
    void answer.then(() => {
      isDone = true;
    });
    await this.runtime.advance(0);
    const compare = async () => {
      const page = await answer;
      if ("messages" in page) await this.#compare(request, page);
    };
    if (isDone) await compare();
    else this.waiting.push(compare);
  }

  async #compare(request: HeldPageRequest, page: HeldPage): Promise<void> {
    this.held += 1;
    const wasUp = this.archive.up;
    this.archive.up = true;
    // Longer than it backs off at most.
    for (let n = 0; n < 200 && this.rig.hub.journal.archived < this.rig.hub.journal.head; n++) {
      await this.runtime.advance(1_000);
      await this.rig.hub.alarm();
    }
    this.archive.up = wasUp;
    expect(this.rig.hub.journal.archived).toBe(this.rig.hub.journal.head);
    const { place: _place, ...shown } = page;
    const messages = messagesOf(page);
    expect({ ...shown, messages }).toEqual(pageAsSeenBy(this.history, request));
    // Their text is elsewhere.
    expect(messages.filter((message) => message.streaming)).toEqual([]);
  }

  #id(at: number): string {
    const seq = OFTEN[at] ?? this.ids.length - (at - OFTEN.length);
    return this.ids[seq - 1] ?? "";
  }

  #target(at: number) {
    return { channel, messageId: this.#id(at), actor: { workspace: true } as const };
  }
}

describe("pages that the hub holds", () => {
  it("[HIST-8] are what Postgres would answer with everything that happened before, for random histories", async () => {
    let held = 0;
    await fc.assert(
      fc.asyncProperty(stored, fc.array(step, { minLength: 20, maxLength: 60 }), async (blocks, steps) => {
        const world = new World(blocks);
        await world.begin();
        for (const one of steps) await world.take(one);
        await world.arrive();
        held += world.held;
      }),
      { numRuns: 200 },
    );
    // Else this would prove nothing.
    expect(held).toBeGreaterThan(500);
  });
});
