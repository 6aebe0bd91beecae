/** A place in a workspace's journal. `epoch` changes when the journal was lost or rewound, so that old places are known as such. */
export interface JournalPlace {
  epoch: string;
  seq: number;
}

/** The text that clients keep, opaque to all but the own library, which orders those of one epoch (`src/sdk/place.ts`). */
export function encodeResumeCursor(place: JournalPlace): string {
  return `${place.epoch}-${place.seq.toString(36)}`;
}

/** Undefined for anything that this system never issued. */
export function decodeResumeCursor(text: string): JournalPlace | undefined {
  const match = /^([0-9a-z]{1,32})-([0-9a-z]{1,11})$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  const seq = Number.parseInt(match[2], 36);
  return Number.isSafeInteger(seq) ? { epoch: match[1], seq } : undefined;
}
