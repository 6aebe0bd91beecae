/**
 * One tab stop for a whole list: the arrows move it from row to row, so that the keyboard passes a long conversation in one
 * step (the "roving tabindex" of the ARIA practices).
 */
export class RowFocus {
  readonly #list: HTMLElement;
  #current: HTMLElement | undefined;

  constructor(list: HTMLElement) {
    this.#list = list;
    list.addEventListener("focusin", (event) => {
      const row = this.rowOf(event.target);
      if (row) this.#set(row);
    });
    list.addEventListener("keydown", (event) => {
      const row = this.rowOf(event.target);
      const next = row && event.target === row ? neighbour(row, event.key) : undefined;
      if (!next) return;
      event.preventDefault();
      next.focus({ preventScroll: true });
      next.scrollIntoView({ block: "nearest" });
    });
  }

  rowOf(target: EventTarget | null): HTMLElement | undefined {
    const row = target instanceof Element ? target.closest<HTMLElement>(".row") : null;
    return row?.parentElement === this.#list ? row : undefined;
  }

  /** The rows changed: the newest is the tab stop, unless the user has moved it. */
  refresh(): void {
    const current =
      this.#current?.isConnected && this.#current.contains(document.activeElement) ? this.#current : undefined;
    this.#set(current ?? (this.#list.lastElementChild as HTMLElement | null) ?? undefined);
  }

  #set(row: HTMLElement | undefined): void {
    if (row === this.#current) return;
    // Still to be focused, by the arrows.
    if (this.#current) this.#current.tabIndex = -1;
    this.#current = row;
    if (row) row.tabIndex = 0;
  }
}

function neighbour(row: HTMLElement, key: string): HTMLElement | undefined {
  const { parentElement: list } = row;
  const found = {
    ArrowUp: row.previousElementSibling,
    ArrowDown: row.nextElementSibling,
    Home: list?.firstElementChild,
    End: list?.lastElementChild,
  }[key];
  return (found as HTMLElement | null | undefined) ?? undefined;
}
