import { concatBytes } from "./bytes.ts";

/** A part of a text: a string, or the UTF-8 of what is kept as such. */
export type TextPiece = string | Uint8Array;

const encoder = new TextEncoder();

/** UTF-8 of the pieces, one after another. */
export function utf8Of(pieces: readonly TextPiece[]): Uint8Array<ArrayBuffer> {
  return concatBytes(pieces.map((piece) => (typeof piece === "string" ? encoder.encode(piece) : piece)));
}
