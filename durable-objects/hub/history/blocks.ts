import type { NeutralMessage } from "../../../src/domain/hub-ports.ts";
import type { HubSql } from "../storage.ts";
import { type HeldRun, packed } from "./held-messages.ts";
import { type BlockPlace, type BlockSelection, type KnownBlock, KnownBlocks } from "./known-blocks.ts";

/** Messages whose seqs divided by this have the same whole part are one block, which is one row. */
export const BLOCK_SEQS = 64;

/** Blocks that are kept, of about 40 KB each where messages are short. */
const MAX_BLOCKS = 4_000;
/** Bytes of a block that is still kept; a row has a limit of 2 MB. */
const MAX_BYTES = 500_000;
/** A row's id is of two parts, which are a safe integer together: the random end of the channel's id, and the block's number. */
const CHANNEL_DIGITS = 6;
const BLOCKS_PER_CHANNEL = 2 ** 28;

/** Blocks that make room at once: finding the oldest ones looks at all. */
const EVICTED_AT_ONCE = 200;

/** A block before it is packed. */
export interface NewBlock {
  through: number;
  readAt: number;
  messages: readonly NeutralMessage[];
  /** False where it is not worth a row. */
  isStored: boolean;
}

/** The number of the block that a seq is in. */
export function blockOf(seq: number): number {
  return Math.floor(seq / BLOCK_SEQS);
}

/** A part of a channel as Postgres had it. */
export interface HeldBlock extends Omit<KnownBlock, "depends"> {
  place: BlockPlace;
}

interface BlockRow {
  through: number;
  read_at: number;
  /** JSON of the messages' seqs and ends. */
  places: string;
  own: string;
}

/** Copies of parts of channels: rows of the hub's SQLite, some of them in memory as well, and some in memory alone. */
export class HistoryBlocks {
  readonly #sql: HubSql;
  readonly #known = new KnownBlocks();
  /** False where SQLite has none: most hubs have no copies of what changes, many have none at all, and then nothing is run. */
  #holdsAny: boolean;
  /** No fewer than there are; counted before the first copy that a life of the object makes, since counting looks at all. */
  #atMost: number | undefined;

  constructor(sql: HubSql) {
    this.#sql = sql;
    this.#holdsAny = sql.all(`SELECT 1 FROM history_blocks LIMIT 1`).length > 0;
  }

  /** @param isShared true where others will read it as well: then it is read as a whole, and stays in memory */
  find(channelId: string, number: number, isShared: boolean): HeldBlock | undefined {
    const place = placeOf(channelId, number);
    let known = this.#known.find(place);
    if (known === undefined || (isShared && known.texts === undefined)) {
      known = this.#stored(place, isShared);
      if (known === undefined) return undefined;
      this.#known.put(place, known);
    }
    return { ...known, place };
  }

  /** The texts of runs in blocks that were found in this turn: all that are in rows by one statement, which takes less than one for each. */
  textsOf(runs: readonly HeldRun<HeldBlock>[]): Uint8Array[] {
    const inRows = this.#partsOf(runs.filter(({ held }) => held.texts === undefined)).values();
    return runs.map(({ held, start, end }) =>
      held.texts === undefined
        ? new Uint8Array(inRows.next().value ?? NOTHING)
        : new Uint8Array(held.texts, start, end - start),
    );
  }

  /** The newest of the blocks from one number to another that there are. */
  newestWithin(channelId: string, from: number, to: number): number | undefined {
    let known = to;
    while (known >= from && !this.#known.has(placeOf(channelId, known))) known--;
    return this.#newestStored(channelId, Math.max(from, known + 1), to) ?? (known >= from ? known : undefined);
  }

  /**
   * Writes one row where it is to be stored, and nothing where it is very large. Beyond the bound, those that were read longest ago make
   * room, and so does the block of another channel whose id ends alike.
   * @returns bytes of its texts
   */
  put(channelId: string, number: number, { through, readAt, messages, isStored }: NewBlock): number {
    const { seqs, ends, own, texts } = packed(messages);
    if (texts.byteLength > MAX_BYTES) return texts.byteLength;
    const place = placeOf(channelId, number);
    const depends = dependenciesOf(messages);
    this.#known.put(place, { through, readAt, seqs, ends, own, texts, depends });
    if (!isStored) return texts.byteLength;
    this.#makeRoom();
    this.#sql.run(
      `INSERT OR REPLACE INTO history_blocks (id, channel_id, depends, through, read_at, places, own, texts)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      place.row,
      channelId,
      depends,
      through,
      readAt,
      JSON.stringify([seqs, ends]),
      own,
      texts,
    );
    return texts.byteLength;
  }

  drop(channelId: string, number: number): void {
    const { row } = placeOf(channelId, number);
    this.#known.drop(row);
    if (!this.#holdsAny) return;
    this.#sql.run(`DELETE FROM history_blocks WHERE id = ? AND channel_id = ?`, row, channelId);
  }

  dropChannel(channelId: string): void {
    this.#dropAll({ from: placeOf(channelId, 0) });
  }

  /** Drops what quotes a message of the channel. Only later messages do. */
  dropQuoting(channelId: string, messageId: string, seq: number): void {
    this.#dropAll({ from: placeOf(channelId, blockOf(seq)), dependsOn: messageId });
  }

  /** Drops what shows a user by name. */
  dropNaming(userId: string): void {
    this.#dropAll({ dependsOn: userId });
  }

  clear(): void {
    this.#dropAll({});
    this.#holdsAny = false;
    this.#atMost = 0;
  }

  #dropAll(selection: BlockSelection): void {
    this.#known.dropAll(selection);
    if (!this.#holdsAny) return;
    const { from, dependsOn } = selection;
    const where = [from && IN_CHANNEL, dependsOn !== undefined && `instr(depends, ?) > 0`].filter(Boolean);
    this.#sql.run(
      `DELETE FROM history_blocks WHERE ${where.join(" AND ") || "1"}`,
      ...(from === undefined ? [] : [from.row, rowOf(from.channelId, BLOCKS_PER_CHANNEL - 1), from.channelId]),
      ...(dependsOn === undefined ? [] : [dependsOn]),
    );
  }

  #stored({ row, channelId }: BlockPlace, isWhole: boolean): KnownBlock | undefined {
    if (!this.#holdsAny) return undefined;
    const [found] = this.#sql.all<BlockRow & { texts?: ArrayBuffer }>(
      `SELECT through, read_at, places, own${isWhole ? ", texts" : ""} FROM history_blocks WHERE id = ? AND channel_id = ?`,
      row,
      channelId,
    );
    if (found === undefined) return undefined;
    const { through, read_at: readAt, places, own, texts } = found;
    const [seqs, ends] = JSON.parse(places) as [number[], number[]];
    return { through, readAt, seqs, ends, own, texts, depends: undefined };
  }

  /** Whatever drops a row drops what is known of it, so there is one for each. */
  #partsOf(runs: readonly HeldRun<HeldBlock>[]): ArrayBuffer[] {
    if (runs.length === 0) return [];
    const columns = runs.map(
      (_, index) => `(SELECT substr(texts, ?, ?) FROM history_blocks WHERE id = ? AND channel_id = ?) AS part_${index}`,
    );
    const [found] = this.#sql.all<Record<string, ArrayBuffer | null>>(
      `SELECT ${columns.join(", ")}`,
      ...runs.flatMap(({ held: { place }, start, end }) => [start + 1, end - start, place.row, place.channelId]),
    );
    const parts = Object.values(found ?? {});
    if (parts.includes(null)) throw new Error("a block of history is known that is not there");
    return parts as ArrayBuffer[];
  }

  #newestStored(channelId: string, from: number, to: number): number | undefined {
    if (!this.#holdsAny || from > to) return undefined;
    const [found] = this.#sql.all<{ id: number | null }>(
      `SELECT max(id) AS id FROM history_blocks WHERE ${IN_CHANNEL}`,
      rowOf(channelId, from),
      rowOf(channelId, to),
      channelId,
    );
    const id = found?.id ?? undefined;
    return id === undefined ? undefined : id % BLOCKS_PER_CHANNEL;
  }

  #makeRoom(): void {
    this.#atMost = (this.#atMost ?? this.#count()) + 1;
    this.#holdsAny = true;
    if (this.#atMost <= MAX_BLOCKS) return;
    if (this.#count() >= MAX_BLOCKS) {
      const evicted = this.#sql.all<{ id: number }>(
        `DELETE FROM history_blocks WHERE read_at <= (SELECT read_at FROM history_blocks ORDER BY read_at LIMIT 1 OFFSET ?)
         RETURNING id`,
        EVICTED_AT_ONCE,
      );
      for (const { id } of evicted) this.#known.drop(id);
    }
    this.#atMost = this.#count() + 1;
  }

  #count(): number {
    return this.#sql.all<{ blocks: number }>(`SELECT count(*) AS blocks FROM history_blocks`)[0]?.blocks ?? 0;
  }
}

const NOTHING = new ArrayBuffer(0);
const IN_CHANNEL = "id BETWEEN ? AND ? AND channel_id = ?";

function placeOf(channelId: string, number: number): BlockPlace {
  return { row: rowOf(channelId, number), channelId };
}

function rowOf(channelId: string, block: number): number {
  return Number.parseInt(channelId.slice(-CHANNEL_DIGITS), 16) * BLOCKS_PER_CHANNEL + block;
}

/** See `HeldBlock.depends`. */
function dependenciesOf(messages: readonly NeutralMessage[]): string {
  const ids = new Set<string>();
  for (const { message } of messages) {
    if (message.user_id !== null) ids.add(message.user_id);
    if (message.quoted_message !== undefined) {
      ids.add(message.quoted_message.id);
      if (message.quoted_message.user_id !== null) ids.add(message.quoted_message.user_id);
    }
    for (const { id } of message.last_repliers) ids.add(id);
  }
  return [...ids].join(" ");
}
