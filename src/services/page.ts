/** A page of a list, made of one item more than it may have, where there are more. */
export interface Page<Item> {
  items: Item[];
  has_more: boolean;
  next_cursor: string | null;
}

/** Cuts what was found down to `limit`, with the cursor behind the last one where more were found. */
export function toPage<Item>(found: readonly Item[], limit: number, cursorOf: (last: Item) => string): Page<Item> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const more = found.length > limit && last !== undefined;
  return { items, has_more: more, next_cursor: more ? cursorOf(last) : null };
}
