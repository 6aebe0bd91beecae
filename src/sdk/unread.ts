import type { MyChannel } from "../protocol/channel.ts";
import type { ChangedMessage } from "../protocol/message.ts";

/** What a channel has for its reader. */
export interface UnreadCounts {
  count: number;
  /** Unread messages that mention the reader. */
  mentions: number;
}

export interface UnreadChange extends UnreadCounts {
  channel_id: string;
}

interface Position {
  last: number;
  /** Undefined until it is known, from a channel list or a receipt. */
  read: number | undefined;
  /** Mentions known as a number only, from a channel list whose newest message was `through`. */
  listed: { count: number; through: number };
  /** Seqs of later ones. */
  mentions: Set<number>;
}

const BLANK: Position = { last: 0, read: undefined, listed: { count: 0, through: 0 }, mentions: new Set() };

/** Unread counts, derived from sequence numbers: newest minus read. The same on every device of a user. */
export class Unread {
  readonly #positions = new Map<string, Position>();
  readonly #changed: (change: UnreadChange) => void;
  readonly #me: () => string | undefined;

  constructor(changed: (change: UnreadChange) => void, me: () => string | undefined) {
    this.#changed = changed;
    this.#me = me;
  }

  of(channelId: string): UnreadCounts {
    const position = this.#positions.get(channelId);
    const { last, read, listed, mentions } = position ?? BLANK;
    if (read === undefined) return { count: 0, mentions: 0 };
    const later = [...mentions].filter((seq) => seq > read).length;
    return { count: Math.max(0, last - read), mentions: later + (read < listed.through ? listed.count : 0) };
  }

  get total(): number {
    return [...this.#positions.keys()].reduce((sum, id) => sum + this.of(id).count, 0);
  }

  /** Channels as listed. Events that came while the list was under way are not undone by it. */
  list(channels: MyChannel[]): void {
    for (const { id, last_seq, unread_count, unread_mentions } of channels) {
      this.#move(id, (position) => {
        position.last = Math.max(position.last, last_seq);
        position.read = Math.max(position.read ?? 0, last_seq - unread_count);
        position.listed = { count: unread_mentions, through: last_seq };
        for (const seq of position.mentions) if (seq <= last_seq) position.mentions.delete(seq);
      });
    }
  }

  /** A message came, or changed: who writes has read what came before. */
  message(message: Pick<ChangedMessage, "channel_id" | "seq" | "user_id" | "mentions">): void {
    this.#move(message.channel_id, (position) => {
      const me = this.#me();
      if (message.user_id === me) position.read = Math.max(position.read ?? 0, message.seq);
      position.last = Math.max(position.last, message.seq);
      if (message.seq <= position.listed.through) return;
      if (message.user_id !== me && message.mentions.some((one) => one.user_id === me)) {
        position.mentions.add(message.seq);
      } else position.mentions.delete(message.seq);
    });
  }

  /** The user has read up to a message. Never goes back. */
  read(channelId: string, seq: number): void {
    this.#move(channelId, (position) => {
      position.read = Math.max(position.read ?? 0, seq);
    });
  }

  drop(channelId: string): void {
    if (this.#positions.delete(channelId)) this.#changed({ channel_id: channelId, count: 0, mentions: 0 });
  }

  #move(channelId: string, change: (position: Position) => void): void {
    const position = this.#positions.get(channelId) ?? { ...BLANK, mentions: new Set<number>() };
    const before = this.of(channelId);
    this.#positions.set(channelId, position);
    change(position);
    const now = this.of(channelId);
    if (before.count === now.count && before.mentions === now.mentions) return;
    this.#changed({ channel_id: channelId, ...now });
  }
}
