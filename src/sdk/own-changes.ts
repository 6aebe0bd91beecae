import type { ChangedMessage, Message } from "../protocol/message.ts";
import { lay } from "./changes.ts";
import type { Channel, EditedMessage } from "./channel.ts";
import type { MessageStore } from "./message-store.ts";
import { ownReaction, withOwnReaction } from "./reactions.ts";

/** How a message looks before the server has confirmed one's own change of it. */
interface Look {
  id: string;
  apply(message: Message): Message;
}

function lookOf(id: string, look: Partial<Message>): Look {
  return { id, apply: (message) => ({ ...message, ...look }) };
}

/** One's own changes of messages: shown at once, and taken back where the server refuses. */
export class OwnChanges {
  readonly #channel: Channel;
  readonly #store: MessageStore;
  readonly #changed: () => void;
  #looks: Look[] = [];

  constructor(channel: Channel, store: MessageStore, changed: () => void) {
    this.#channel = channel;
    this.#store = store;
    this.#changed = changed;
  }

  /** The message as it shall look. */
  shown(message: Message): Message {
    return this.#looks.reduce((shown, look) => (look.id === message.id ? look.apply(shown) : shown), message);
  }

  isChanging(id: string): boolean {
    return this.#looks.some((look) => look.id === id);
  }

  edit(id: string, change: EditedMessage): Promise<void> {
    const look = { content: change.content, edited_at: new Date().toISOString() };
    return this.#change(lookOf(id, look), () => this.#channel.edit(id, change));
  }

  unsend(id: string): Promise<void> {
    const blank = { content: "", attachment_url: null, attachment: null, mentions: [], reactions: [], pinned_at: null };
    const look = { ...blank, deleted_at: new Date().toISOString() };
    return this.#change(lookOf(id, look), () => this.#channel.unsend(id));
  }

  pin(id: string, pinned: boolean): Promise<void> {
    const look = { pinned_at: pinned ? new Date().toISOString() : null };
    return this.#change(lookOf(id, look), () => (pinned ? this.#channel.pin(id) : this.#channel.unpin(id)));
  }

  async react(id: string, emoji: string | undefined): Promise<void> {
    const message = this.#store.get(id);
    const before = ownReaction(message ? this.shown(message).reactions : []);
    if (emoji === before) return;
    const apply = (known: Message) => ({ ...known, reactions: withOwnReaction(known.reactions, emoji) });
    await this.#change({ id, apply }, async () => {
      if (emoji !== undefined) await this.#channel.react(id, emoji);
      else if (before !== undefined) await this.#channel.unreact(id, before);
      return undefined;
    });
  }

  async #change(look: Look, call: () => Promise<ChangedMessage | undefined>): Promise<void> {
    const before = this.#store.get(look.id);
    this.#looks = [...this.#looks, look];
    this.#changed();
    try {
      const changed = await call();
      // The answer mostly comes before its event, which then says the same. Where events came already, they know better.
      this.#store.update(look.id, (known) => {
        if (known !== before) return known;
        return changed ? lay(known, changed) : look.apply(known);
      });
    } finally {
      this.#looks = this.#looks.filter((one) => one !== look);
      this.#changed();
    }
  }
}
