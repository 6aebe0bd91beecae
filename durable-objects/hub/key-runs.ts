import type { HubSql } from "./storage.ts";

/** Keys of one run: it is written anew whenever the next stretch of the journal still fits. */
const KEYS_PER_RUN = 16_384;
/** A power of two above the number of keys that are sorted at once. Times 2^32 it is an exact number. */
const PLACES = 2 ** 20;

/** Where a key was used: the number that stands for it, of 32 bits, and the seq of its event. */
export interface UsedKey {
  hash: number;
  seq: number;
}

interface Run {
  /** Seq of the last event that it covers. */
  through: number;
  /** `base + offsets[i]` is the seq of the event with `hashes[i]`. Offsets are in storage only. */
  base: number;
  /** Ascending. */
  hashes: Uint32Array<ArrayBuffer>;
}

/**
 * Keys of past stretches of the journal, as sorted runs that are each one row; in memory are their numbers, 4 bytes for a
 * key. What is looked up is hardly ever there, and is then not looked for in storage.
 *
 * (A log-structured merge-tree of one level: O'Neil et al., "The log-structured merge-tree (LSM-tree)", Acta Informatica 33, 1996.)
 */
export class KeyRuns {
  readonly #sql: HubSql;
  /** Ascending by `through`. */
  #runs: Run[];

  constructor(sql: HubSql) {
    this.#sql = sql;
    const rows = sql.all<{ through: number; base: number; hashes: ArrayBuffer }>(
      `SELECT through, base, hashes FROM key_runs ORDER BY through`,
    );
    this.#runs = rows.map((row) => ({ ...row, hashes: numbersOf(row.hashes) }));
  }

  /** Every event up to this seq is covered; 0 where there is no run. */
  get through(): number {
    return this.#runs.at(-1)?.through ?? 0;
  }

  /** Seqs of events whose key may have this number: keys share numbers, and the events may be gone. */
  find(hash: number): number[] {
    const found: number[] = [];
    for (const run of this.#runs) {
      let index = firstAtLeast(run.hashes, hash);
      if (run.hashes[index] !== hash) continue;
      const offsets = this.#offsetsOf(run);
      for (; run.hashes[index] === hash; index++) found.push(run.base + (offsets[index] ?? 0));
    }
    return found;
  }

  /**
   * Covers everything up to `through`, with these keys of what was not covered. One statement, to be run outside of
   * transactions: what this object knows would outlive a transaction that is taken back.
   *
   * @param trimmed keys of events up to this seq are left out where they need to be read anyway
   */
  add(keys: readonly UsedKey[], through: number, trimmed: number): void {
    const last = this.#runs.at(-1);
    const joins = last !== undefined && last.hashes.length + keys.length <= KEYS_PER_RUN;
    const earlier = joins ? this.#keysOf(last).filter(({ seq }) => seq > trimmed) : [];
    const { run, offsets } = sorted([...earlier, ...keys], through);
    if (joins) {
      this.#sql.run(
        `UPDATE key_runs SET through = ?, base = ?, hashes = ?, offsets = ? WHERE through = ?`,
        run.through,
        run.base,
        run.hashes.buffer,
        offsets.buffer,
        last.through,
      );
      this.#runs.pop();
    } else {
      this.#sql.run(
        `INSERT INTO key_runs (through, base, hashes, offsets) VALUES (?, ?, ?, ?)`,
        run.through,
        run.base,
        run.hashes.buffer,
        offsets.buffer,
      );
    }
    this.#runs.push(run);
  }

  /** Drops runs of which no event is left, but for the newest one, which tells how far the journal is covered. */
  dropThrough(trimmed: number): void {
    const last = this.#runs.at(-1);
    const left = this.#runs.filter((run) => run.through > trimmed || run === last);
    if (left.length === this.#runs.length) return;
    this.#sql.run(`DELETE FROM key_runs WHERE through < ?`, left[0]?.through ?? 0);
    this.#runs = left;
  }

  #keysOf(run: Run): UsedKey[] {
    const offsets = this.#offsetsOf(run);
    return Array.from(run.hashes, (hash, index) => ({ hash, seq: run.base + (offsets[index] ?? 0) }));
  }

  #offsetsOf({ through }: Run): Uint32Array {
    const [row] = this.#sql.all<{ offsets: ArrayBuffer }>(`SELECT offsets FROM key_runs WHERE through = ?`, through);
    return numbersOf(row?.offsets ?? new ArrayBuffer(0));
  }
}

/** A run in storage is what it is in memory: little-endian, as every machine that workerd runs on. */
function numbersOf(bytes: ArrayBuffer): Uint32Array<ArrayBuffer> {
  return new Uint32Array(bytes);
}

function sorted(keys: readonly UsedKey[], through: number): { run: Run; offsets: Uint32Array<ArrayBuffer> } {
  const base = keys.reduce((least, { seq }) => Math.min(least, seq), through);
  // Numbers are sorted ten times as fast as objects.
  const places = Float64Array.from(keys, ({ hash }, index) => hash * PLACES + index).sort();
  const hashes = new Uint32Array(keys.length);
  const offsets = new Uint32Array(keys.length);
  for (const [index, place] of places.entries()) {
    hashes[index] = Math.floor(place / PLACES);
    offsets[index] = (keys[place % PLACES]?.seq ?? base) - base;
  }
  return { run: { through, base, hashes }, offsets };
}

/** Index of the first number that is not below `wanted`. */
function firstAtLeast(numbers: Uint32Array, wanted: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
