import type { ChannelState } from "./directory.ts";
import type { JournalEvent } from "./journal-rows.ts";
import type { HubSql } from "./storage.ts";

/** Messages per channel, and channels, whose authors are kept in memory: about 3 MB at the most. */
const MESSAGES = 128;
const CHANNELS = 500;
/** Journal rows that are looked through for a channel that memory has nothing of, as after a wake. */
const SCANNED_ROWS = 2_000;

interface Authored {
  seq: number;
  userId: string | null;
}

/** Who wrote the newest messages of each channel: receipts are told to the authors of what they cover. */
export class RecentAuthors {
  readonly #sql: HubSql;
  /** Contiguous seqs, oldest first. The channel that was used last comes last. */
  readonly #channels = new Map<string, Authored[]>();

  constructor(sql: HubSql) {
    this.#sql = sql;
  }

  appended(event: JournalEvent): void {
    if (event.type !== "message.created") return;
    const known = this.#channels.get(event.channelId);
    if (known === undefined) return;
    // Inside a JSON string the quotes would be escaped, so this is the message's own field.
    const seq = Number(/"seq":(\d+)/.exec(event.body)?.[1]);
    if (seq !== (known.at(-1)?.seq ?? seq - 1) + 1) known.length = 0;
    known.push({ seq, userId: event.userId });
    if (known.length > 2 * MESSAGES) known.splice(0, known.length - MESSAGES);
  }

  /**
   * Each author of the messages with `after < seq <= through` once; undefined where not all of them are known.
   *
   * @param head seq of the newest event of the journal
   */
  between(channel: ChannelState, after: number, through: number, head: number): string[] | undefined {
    const known = this.#take(channel.info.id, head);
    const [first, last] = [known[0], known.at(-1)];
    if (first === undefined || last === undefined || first.seq > after + 1 || last.seq < through) return undefined;
    const authors = new Set<string>();
    for (let seq = after + 1; seq <= through; seq++) {
      const userId = known[seq - first.seq]?.userId;
      if (typeof userId === "string") authors.add(userId);
    }
    return [...authors];
  }

  #take(channelId: string, head: number): Authored[] {
    const known = this.#channels.get(channelId) ?? this.#scan(channelId, head);
    this.#channels.delete(channelId);
    this.#channels.set(channelId, known);
    if (this.#channels.size > CHANNELS) {
      const [oldest] = this.#channels.keys();
      if (oldest !== undefined) this.#channels.delete(oldest);
    }
    return known;
  }

  #scan(channelId: string, head: number): Authored[] {
    const rows = this.#sql.all<Authored>(
      `SELECT json_extract(body, '$.message.seq') AS seq, user_id AS userId FROM journal
       WHERE seq > ? AND channel_id = ? AND type = 'message.created' ORDER BY journal.seq DESC LIMIT ?`,
      head - SCANNED_ROWS,
      channelId,
      MESSAGES,
    );
    const newest = rows[0]?.seq ?? 0;
    return rows.filter((row, index) => row.seq === newest - index).reverse();
  }
}
