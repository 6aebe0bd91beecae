import { SMALL_CHANNEL_MEMBERS } from "../../src/domain/audience.ts";
import type { HubResult } from "../../src/domain/hub-contract.ts";
import type { TypingFrame } from "../../src/protocol/frames-up.ts";
import type { Changes } from "./changes.ts";
import { encodeFrame } from "./encode.ts";
import type { Fanout } from "./fanout.ts";
import type { SettingsStore } from "./settings-store.ts";
import type { HubRuntime } from "./storage.ts";

/** Repeated starts within this time say nothing new: receivers keep showing the first one for 6 s. */
const REPEAT_MS = 2_500;
/** A start this soon after the last one, with a stop between them, is dropped: two frames a second are the most. */
const TOGGLE_MS = 1_000;

export interface TypingParts {
  changes: Changes;
  fanout: Fanout;
  runtime: HubRuntime;
  settings: SettingsStore;
}

/** Passes on who is typing: never stored, repeats dropped, and in large channels to nobody. */
export class Typing {
  readonly #parts: TypingParts;
  /** Channel and user → the last start that was passed on. */
  readonly #started = new Map<string, { at: number; isTyping: boolean }>();

  constructor(parts: TypingParts) {
    this.#parts = parts;
  }

  async signal(userId: string, type: TypingFrame["type"], ref: string): Promise<HubResult<null>> {
    const { changes, fanout, runtime, settings } = this.#parts;
    const channel = await changes.resolve(ref);
    if (channel === undefined || channel.deleted) {
      return {
        ok: false,
        error: { code: "NOT_FOUND", message: "unable to signal typing; because there is no such channel" },
      };
    }
    if (!channel.members.has(userId)) {
      return {
        ok: false,
        error: { code: "NOT_A_MEMBER", message: "unable to signal typing; because the user is not a member" },
      };
    }
    const done: HubResult<null> = { ok: true, value: null };
    if (!settings.current.typing || channel.members.size > SMALL_CHANNEL_MEMBERS) return done;
    const key = `${channel.info.id} ${userId}`;
    const now = runtime.now();
    const started = this.#started.get(key);
    if (type === "typing.start") {
      if (started !== undefined && now - started.at < (started.isTyping ? REPEAT_MS : TOGGLE_MS)) return done;
      this.#forgetOld(now);
      this.#started.set(key, { at: now, isTyping: true });
    } else {
      if (!started?.isTyping) return done;
      started.isTyping = false;
    }
    const data = { channel_id: channel.info.id, channel_external_id: channel.info.external_id, user_id: userId };
    fanout.signal(channel.info.id, encodeFrame({ type, data }), userId);
    return done;
  }

  #forgetOld(now: number): void {
    if (this.#started.size < 1_000) return;
    for (const [key, { at }] of this.#started) if (now - at > 10 * REPEAT_MS) this.#started.delete(key);
  }
}
