/**
 * Puts one channel's messages in order: each comes out once, by `seq`, and one that came early is held until the hole
 * before it closes.
 */
export class Sequence<Item extends { seq: number }> {
  readonly #held = new Map<number, Item>();
  #last: number | undefined;

  /** The highest `seq` up to which everything came out; undefined before the first. */
  get last(): number | undefined {
    return this.#last;
  }

  /** True while something is held behind a hole. */
  get hasHole(): boolean {
    return this.#held.size > 0;
  }

  /** Takes one item in; returns those that are due, in order. */
  take(item: Item): Item[] {
    if (this.#last !== undefined && item.seq <= this.#last) return [];
    this.#last ??= item.seq - 1;
    this.#held.set(item.seq, item);
    return this.#due();
  }

  /** Everything up to `seq` is known from elsewhere (a page of history): it will not come out any more. */
  advance(seq: number): Item[] {
    if (this.#last === undefined || seq > this.#last) this.#last = seq;
    for (const held of this.#held.keys()) if (held <= this.#last) this.#held.delete(held);
    return this.#due();
  }

  /** Gives the hole up: returns all that is held, in order. */
  flush(): Item[] {
    const items = [...this.#held.values()].sort((a, b) => a.seq - b.seq);
    this.#held.clear();
    this.#last = items.at(-1)?.seq ?? this.#last;
    return items;
  }

  /** Forgets everything; the next item is the first again. */
  reset(): void {
    this.#held.clear();
    this.#last = undefined;
  }

  #due(): Item[] {
    const items: Item[] = [];
    while (this.#last !== undefined) {
      const next = this.#held.get(this.#last + 1);
      if (!next) break;
      this.#held.delete(next.seq);
      this.#last = next.seq;
      items.push(next);
    }
    return items;
  }
}
