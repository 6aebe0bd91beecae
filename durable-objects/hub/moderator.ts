import type { HubError } from "../../src/domain/hub-contract.ts";
import { FloodWatch } from "../../src/domain/moderation/flood.ts";
import { judge, type Verdict } from "../../src/domain/moderation/judge.ts";
import type { DurableData } from "../../src/protocol/frames-down.ts";
import type { ModerationSettings } from "../../src/protocol/workspace.ts";
import type { ChannelState } from "./directory.ts";
import type { Fanout } from "./fanout.ts";
import type { Journal } from "./journal.ts";
import type { JournalEvent } from "./journal-rows.ts";
import { adminsOf, idsOf, type Mutes } from "./mutes.ts";
import type { HubRuntime } from "./storage.ts";

export interface ModeratorParts {
  journal: Journal;
  fanout: Fanout;
  mutes: Mutes;
  runtime: HubRuntime;
  settings(): ModerationSettings;
  onAppend(event: JournalEvent): void;
}

/** What is to be stored of a text, or why nothing is. */
export type Review = { ok: true; verdict: Verdict } | { ok: false; error: HubError };

/**
 * Applies the workspace's rules to what its users write, in the turn that stores it. What a rule did is an event of the journal
 * (`message.moderated`), which webhooks, the audit log and the channel's admins follow; of a refused text nothing is kept.
 */
export class Moderator {
  readonly #parts: ModeratorParts;
  readonly #floods = new FloodWatch();

  constructor(parts: ModeratorParts) {
    this.#parts = parts;
  }

  /** Reviews a new message; it also counts as one more of its sender's. A refusal, and the mute that it may bring, is noted. */
  reviewMessage(channel: ChannelState, userId: string, content: string): Review {
    const settings = this.#parts.settings();
    const watches = settings.enabled && settings.flood.enabled;
    const isFlood = watches && this.#floods.note(`${channel.info.id} ${userId}`, content, this.#parts.runtime.now());
    return this.#review(channel, userId, judge(content, settings, isFlood), settings);
  }

  /** Reviews the new text of a message that is there already. */
  reviewChange(channel: ChannelState, userId: string, content: string): Review {
    const settings = this.#parts.settings();
    return this.#review(channel, userId, judge(content, settings, false), settings);
  }

  /**
   * How much of a text that is still being written may be seen before the whole is reviewed, in UTF-16 units: all of it
   * without moderation, else its whole words, and none of it where a rule would change or refuse them.
   */
  showable(text: string): number {
    const settings = this.#parts.settings();
    if (!settings.enabled) return text.length;
    const words = text.slice(0, text.search(/[\s。、，！？][^\s。、，！？]*$/) + 1);
    const { content, taken } = judge(words, settings, false);
    const isRefused = taken?.action === "reject" || taken?.action === "auto_mute";
    return isRefused || content !== words ? 0 : words.length;
  }

  /** Notes what was done to a message that is stored now. Call in the same turn, behind its own event. */
  note(channel: ChannelState, userId: string, messageId: string, verdict: Verdict): void {
    const { taken, broken } = verdict;
    if (taken !== undefined)
      this.#publish(() => [this.#append(channel, userId, messageId, { ...taken, rules: broken })]);
  }

  #review(channel: ChannelState, userId: string, verdict: Verdict, settings: ModerationSettings): Review {
    const { taken, broken } = verdict;
    if (taken?.action !== "reject" && taken?.action !== "auto_mute") return { ok: true, verdict };
    const { rule, action } = taken;
    const until = this.#parts.runtime.now() + settings.mute_seconds * 1000;
    this.#publish(() => [
      this.#append(channel, userId, null, { rule, action, rules: broken }),
      ...(action === "auto_mute" ? [this.#parts.mutes.mute(channel, { userId, until, by: null, rule })] : []),
    ]);
    const mute =
      action === "auto_mute" ? `, and you are muted in this channel until ${new Date(until).toISOString()}` : "";
    const message = `unable to take the message; because it breaks the workspace's ${rule} rule${mute}`;
    return { ok: false, error: { code: "MESSAGE_REJECTED", message } };
  }

  #append(
    channel: ChannelState,
    userId: string,
    messageId: string | null,
    done: Pick<DurableData<"message.moderated">, "rule" | "action" | "rules">,
  ): JournalEvent {
    const data: DurableData<"message.moderated"> = {
      ...idsOf(channel),
      message_id: messageId,
      user_id: userId,
      ...done,
    };
    return this.#parts.journal.append({
      type: "message.moderated",
      channelId: channel.info.id,
      body: JSON.stringify(data),
      // Not the author's own event: authors are not told that they were flagged.
      userId: null,
      messageId,
      clientId: null,
      audience: adminsOf(channel),
    });
  }

  #publish(write: () => JournalEvent[]): void {
    const { journal, fanout, onAppend } = this.#parts;
    for (const event of journal.transaction(write)) {
      fanout.enqueue(event);
      onAppend(event);
    }
  }
}
