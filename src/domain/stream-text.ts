/** What a piece of text at an offset means for the text so far. */
export type Placed = { kind: "grow"; rest: string } | { kind: "repeat" } | { kind: "conflict" };

/**
 * Places a piece that begins at `offset` (UTF-16 code units). What is there already may come again, also cut in another
 * way; only the part beyond the end is new.
 */
export function placePiece(text: string, offset: number, piece: string): Placed {
  if (offset > text.length) return { kind: "conflict" };
  const known = text.slice(offset, offset + piece.length);
  if (!piece.startsWith(known)) return { kind: "conflict" };
  const rest = piece.slice(known.length);
  return rest === "" ? { kind: "repeat" } : { kind: "grow", rest };
}

/** A receiver's text after a `message.delta`: the piece and nothing behind it. Undefined where text before it is missing. */
export function applyPiece(text: string, offset: number, piece: string): string | undefined {
  return offset > text.length ? undefined : text.slice(0, offset) + piece;
}
