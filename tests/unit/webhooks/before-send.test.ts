import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HubResult } from "../../../src/domain/hub-contract.ts";
import { generateHookSecret } from "../../../src/platform/hook-signature.ts";
import { workspaceSettingsSchema } from "../../../src/protocol/workspace.ts";
import { creation } from "../../support/hub-rig.ts";
import { Receiver, type Reply } from "../../support/receiver.ts";
import { channel, createHookRig, type HookRig, user } from "./hook-rig.ts";

describe("before-send hook", () => {
  let receiver: Receiver;
  let rig: HookRig;
  let version = 0;
  const answer = (body: unknown, more: Reply = {}): Reply => ({ body: JSON.stringify(body), ...more });
  const setHook = (hook: Record<string, unknown> | null) => {
    const before_send_hook = hook === null ? null : { url: receiver.url, ...hook };
    rig.hub.settings.apply(++version, workspaceSettingsSchema().parse({ before_send_hook }));
  };
  const send = (content: string, more = {}, userId = user(1)) =>
    rig.hub.send({ channel: channel(1), sender: { userId }, body: { content, ...more } });
  const contentOf = (sent: HubResult<{ messageJson: string }>) =>
    sent.ok ? JSON.parse(sent.value.messageJson).content : sent.error.code;
  const stored = () => rig.hub.journal.read(0, 1_000).filter((event) => event.type === "message.created");
  beforeEach(async () => {
    receiver = await new Receiver().start();
    rig = createHookRig();
    await rig.groups(1, 3);
  });
  afterEach(() => receiver.stop());

  it("[HOOK-15] shows each message to the hook before it is stored, signed, and takes allow, rewrite and reject", async () => {
    const secret = generateHookSecret();
    setHook({ secret });
    receiver.reply = ({ json }) => {
      const { content } = json.data.message;
      if (content === "bad") return answer({ action: "reject", reason: "we do not say that" });
      return answer(content === "rude" ? { action: "rewrite", content: "polite" } : { action: "allow" });
    };
    expect(contentOf(await send("fine", { mentions: ["user-2"], metadata: { a: 1 } }))).toBe("fine");
    expect(contentOf(await send("rude"))).toBe("polite");
    const refused = await send("bad");
    expect(refused).toMatchObject({ ok: false, error: { code: "MESSAGE_REJECTED" } });
    expect(!refused.ok && refused.error.message).toContain("we do not say that");
    expect(stored()).toHaveLength(2);
    const [first] = receiver.received;
    expect(first?.json).toMatchObject({
      event: "message.before_send",
      event_id: expect.stringMatching(/^evt_[0-9A-HJKMNP-TV-Z]{26}$/),
      data: {
        message: {
          channel_id: channel(1),
          channel_external_id: "channel-1",
          user: { id: user(1), external_id: "user-1", name: "User 1" },
          content: "fine",
          type: "text",
          attachment_url: null,
          mentions: [{ user_id: user(2), external_id: "user-2", name: "User 2" }],
          metadata: { a: 1 },
        },
      },
    });
    const expected = createHmac("sha256", secret)
      .update(first?.body ?? "")
      .digest("hex");
    expect(first?.headers["x-cariosan-signature"]).toBe(`sha256=${expected}`);
  });

  it("[HOOK-16] without a hook a send waits for nothing", async () => {
    setHook(null);
    let done = false;
    void send("at once").then(() => {
      done = true;
    });
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    expect(done).toBe(true);
    expect(receiver.received).toEqual([]);
  });

  it("[HOOK-17] messages of one sender keep their order in a channel, whichever answer comes first", async () => {
    setHook({});
    receiver.reply = ({ json }) =>
      answer({ action: "allow" }, { delayMs: json.data.message.content === "first" ? 300 : 0 });
    const started = Date.now();
    const all = await Promise.all([send("first"), send("second"), send("third"), send("other", {}, user(2))]);
    expect(all.every((one) => one.ok)).toBe(true);
    const order = stored().map((event) => JSON.parse(event.body).message.content);
    expect(order).toEqual(["other", "first", "second", "third"]);
    // They were asked about at once, not one after the other.
    expect(Date.now() - started).toBeLessThan(900);
  });

  it("[HOOK-18] does as on_failure says where the hook is away, fails or answers nonsense, and keeps its 2 s limit", async () => {
    const failures: (() => Reply)[] = [
      () => answer({ action: "allow" }, { status: 500 }),
      () => answer({ action: "shrug" }),
      () => ({ body: "no json" }),
      () => ({ status: 302, headers: { location: receiver.url } }),
    ];
    for (const [n, failure] of failures.entries()) {
      receiver.reply = failure;
      setHook({ on_failure: "allow" });
      expect(contentOf(await send(`open ${n}`))).toBe(`open ${n}`);
      setHook({ on_failure: "reject" });
      expect(contentOf(await send(`closed ${n}`))).toBe("MESSAGE_REJECTED");
    }
    receiver.reply = () => ({ delayMs: Number.POSITIVE_INFINITY });
    const started = Date.now();
    expect(contentOf(await send("slow"))).toBe("MESSAGE_REJECTED");
    expect(Date.now() - started).toBeGreaterThan(1_900);
    expect(Date.now() - started).toBeLessThan(3_000);
    await receiver.stop();
    expect(contentOf(await send("away"))).toBe("MESSAGE_REJECTED");
    setHook({ on_failure: "allow" });
    expect(contentOf(await send("away"))).toBe("away");
  });

  it("[HOOK-19] a rewrite is held to the limits of messages; one that breaks them refuses the message", async () => {
    setHook({ on_failure: "allow" });
    for (const content of ["x".repeat(9 * 1024), ""]) {
      receiver.reply = () => answer({ action: "rewrite", content });
      expect(contentOf(await send("hello"))).toBe("MESSAGE_REJECTED");
    }
    expect(stored()).toEqual([]);
  });

  it("[HOOK-20] what changed while the hook was asked counts: membership, a repeat of the send, an unsent parent", async () => {
    const parent = await rig.send(channel(1), user(2), "the secret is 4711");
    setHook({});
    receiver.reply = () => answer({ action: "allow" }, { delayMs: 150 });
    const once = { idempotency_key: "k" };
    const sends = [send("twice", once), send("twice", once), send("leaver", {}, user(3))];
    const reply = send("reply", { parent_id: parent.id }, user(2));
    await receiver.waitFor(4);
    const leave = { ...creation(1, 3), version: 2, joined: [], users: [], left: [user(3)] };
    await rig.hub.applyChannel(channel(1), 2, leave);
    const target = { channel: channel(1), messageId: parent.id, actor: { userId: user(2) } };
    expect((await rig.hub.messageChanges.unsend(target)).ok).toBe(true);
    const [one, two, left] = await Promise.all(sends);
    expect([one, two].map((sent) => sent?.ok && sent.value.replayed)).toEqual([false, true]);
    expect(left).toMatchObject({ ok: false, error: { code: "NOT_A_MEMBER" } });
    const answered = await reply;
    expect(answered.ok && JSON.parse(answered.value.messageJson).quoted_message).toMatchObject({
      id: parent.id,
      content: "",
      deleted: true,
    });
    expect(JSON.stringify(stored())).not.toContain("4711");
  });

  it("[HOOK-21] sends over a socket go through the hook too", async () => {
    setHook({});
    receiver.reply = ({ json }) =>
      answer(json.data.message.content === "bad" ? { action: "reject" } : { action: "rewrite", content: "ok" });
    const { socket, say } = await rig.connect(user(1));
    const data = { channel_id: channel(1) };
    await say({ type: "message.send", id: "1", data: { ...data, content: "bad" } });
    await say({ type: "message.send", id: "2", data: { ...data, content: "good" } });
    expect(socket.of("error")).toMatchObject([{ id: "1", data: { code: "MESSAGE_REJECTED" } }]);
    expect(socket.of("message.ack")).toMatchObject([{ id: "2", data: { message: { content: "ok" } } }]);
  });
});
