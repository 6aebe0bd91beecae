import fs from "node:fs";

/** A line of a file without its line break. */
export interface FileLine {
  text: string;
  /** Counted from 1. */
  number: number;
  /** Byte of the file at which the next line begins. */
  end: number;
}

const CHUNK_BYTES = 1024 * 1024;
const NEWLINE = 10;

/** Lines of a file of any size, one chunk in memory. A last line without a line break counts. */
export async function* readLines(path: string): AsyncGenerator<FileLine> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest: Buffer = Buffer.alloc(0);
  let [end, number] = [0, 0];
  for await (const chunk of fs.createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    const bytes = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, from)) {
      end += at + 1 - from;
      number++;
      yield { text: decoder.decode(bytes.subarray(from, at)), number, end };
      from = at + 1;
    }
    rest = bytes.subarray(from);
  }
  if (rest.length > 0) yield { text: decoder.decode(rest), number: number + 1, end: end + rest.length };
}

/** Tells one file from another by size, beginning and end. */
export async function fingerprint(path: string): Promise<string> {
  const file = await fs.promises.open(path);
  try {
    const { size } = await file.stat();
    const head = await read(file, 0, Math.min(size, CHUNK_BYTES));
    const tail = await read(file, Math.max(0, size - CHUNK_BYTES), Math.min(size, CHUNK_BYTES));
    const digest = await crypto.subtle.digest("SHA-256", Buffer.concat([Buffer.from(`${size}:`), head, tail]));
    return Buffer.from(digest).toString("hex");
  } finally {
    await file.close();
  }
}

async function read(file: fs.promises.FileHandle, position: number, length: number): Promise<Buffer<ArrayBuffer>> {
  const buffer = Buffer.alloc(length);
  await file.read(buffer, 0, length, position);
  return buffer;
}
