import type { Message } from "../protocol/message.ts";
import type { UploadedAttachment } from "./attachments.ts";
import type { Channel, OutgoingMessage } from "./channel.ts";
import type { KabarError } from "./error.ts";
import { newId } from "./ids.ts";

/** Uploads the file of a message; called before each attempt to send it. */
export type Upload = () => Promise<UploadedAttachment>;

/** A message of one's own, until the server has it. */
export interface Draft {
  /** The idempotency key. */
  key: string;
  message: OutgoingMessage;
  /** Time of writing, RFC 3339. */
  at: string;
  state: "sending" | "failed";
  error?: KabarError;
  upload?: Upload;
}

/** One's own messages on their way, in the order of writing. */
export class Outbox {
  readonly #channel: Channel;
  readonly #changed: () => void;
  readonly #stored: (message: Message, key: string) => void;
  #drafts: Draft[] = [];

  constructor(channel: Channel, changed: () => void, stored: (message: Message, key: string) => void) {
    this.#channel = channel;
    this.#changed = changed;
    this.#stored = stored;
  }

  get drafts(): readonly Draft[] {
    return this.#drafts;
  }

  /** Sends in the background. Where it fails, the draft says why. @returns its key */
  send(message: OutgoingMessage, upload?: Upload): string {
    const key = message.idempotency_key ?? newId();
    void this.#deliver({ key, message, at: new Date().toISOString(), state: "sending", upload });
    return key;
  }

  /** Sends a failed draft again; under the same key, so that it is stored once. */
  retry(key: string): void {
    const draft = this.#get(key);
    if (draft?.state === "failed") void this.#deliver({ ...draft, state: "sending" });
  }

  /** Forgets a draft. @returns true where there was one */
  drop(key: string | undefined): boolean {
    const draft = this.#get(key);
    this.#drafts = this.#drafts.filter((one) => one !== draft);
    return draft !== undefined;
  }

  async #deliver(draft: Draft): Promise<void> {
    const { key, upload } = draft;
    this.#put(draft);
    try {
      const attached = await upload?.();
      const stored = await this.#channel.send({ ...draft.message, ...attached, idempotency_key: key });
      this.#stored(stored, key);
    } catch (error) {
      // One that was discarded meanwhile does not come back.
      if (this.#get(key)) this.#put({ ...draft, state: "failed", error: error as KabarError });
    }
  }

  #get(key: string | undefined): Draft | undefined {
    return this.#drafts.find((draft) => draft.key === key);
  }

  #put(draft: Draft): void {
    const known = this.#get(draft.key);
    this.#drafts = known ? this.#drafts.map((one) => (one === known ? draft : one)) : [...this.#drafts, draft];
    this.#changed();
  }
}
