import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type TypingChange, TypingIn, TypingOut } from "../../../src/sdk/typing.ts";
import { clientFor, online, startFake, until } from "./support/setup.ts";

describe("typing", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const by = (user: string) => ({ channel_id: "c", channel_external_id: null, user_id: user });

  it("[WEB-75] sends a start at most once per three seconds, and a stop only after a start", () => {
    const sent: string[] = [];
    const out = new TypingOut((type) => sent.push(type), 3_000);
    out.stop("c");
    out.start("c");
    out.start("c");
    vi.advanceTimersByTime(2_999);
    out.start("c");
    expect(sent).toEqual(["typing.start"]);
    vi.advanceTimersByTime(1);
    out.start("c");
    out.stop("c");
    out.stop("c");
    expect(sent).toEqual(["typing.start", "typing.start", "typing.stop"]);
  });

  it("[WEB-75] expires six seconds after the last start, and tells of changes only", () => {
    const changes: TypingChange["user_ids"][] = [];
    const typing = new TypingIn((change) => changes.push(change.user_ids), 6_000);
    typing.started(by("ani"));
    vi.advanceTimersByTime(4_000);
    typing.started(by("ani"));
    typing.started(by("budi"));
    vi.advanceTimersByTime(5_999);
    expect(changes).toEqual([["ani"], ["ani", "budi"]]);
    vi.advanceTimersByTime(1);
    expect(changes.slice(2)).toEqual([["budi"], []]);
    typing.started(by("ani"));
    typing.stopped(by("ani"));
    typing.stopped(by("ani"));
    expect(changes.slice(4)).toEqual([["ani"], []]);
  });
});

describe("typing over the wire", () => {
  it("[WEB-75] reaches the other, and ends with the message", async () => {
    const { server, ani, budi } = await startFake();
    const [one, two] = [clientFor(server, ani.id), clientFor(server, budi.id)];
    try {
      await online(one);
      await online(two);
      const changes: string[][] = [];
      two.channel("team").on("typing", (change) => changes.push(change.user_ids));
      one.channel("team").startTyping();
      await until(() => changes.length === 1, "the signal");
      await one.channel("team").send({ content: "done" });
      await until(() => changes.length === 2, "its end");
      expect(changes).toEqual([[ani.id], []]);
    } finally {
      one.close();
      two.close();
      await server.stop();
    }
  });
});
