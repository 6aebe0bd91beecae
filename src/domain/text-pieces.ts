/** A part of a text: a string, or the UTF-8 of what is kept as such. */
export type TextPiece = string | Uint8Array;

const encoder = new TextEncoder();

/** UTF-8 of the pieces, one after another. */
export function utf8Of(pieces: readonly TextPiece[]): Uint8Array<ArrayBuffer> {
  const parts = pieces.map((piece) => (typeof piece === "string" ? encoder.encode(piece) : piece));
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
