import { z } from "zod";
import {
  ackFrameSchema,
  errorFrameSchema,
  messageCreatedFrameSchema,
  readyFrameSchema,
  resumedFrameSchema,
  resyncFrameSchema,
} from "../../src/protocol/frames-down.ts";
import { PONG_TEXT } from "../../src/protocol/frames-up.ts";
import { readMark } from "./message-mark.ts";

/** What a frame means to a load run. */
export type Received =
  | { kind: "pong" }
  | { kind: "ready"; cursor: string }
  | { kind: "created"; number: number | undefined; seq: number; cursor: string }
  | { kind: "resumed"; cursor: string; count: number }
  | { kind: "resync"; reason: string }
  | { kind: "batch"; events: Received[] }
  /** `cursor` where it is a durable event. */
  | { kind: "other"; cursor: string | undefined }
  | { kind: "ack"; id: string | undefined; seq: number }
  | { kind: "error"; id: string | undefined; code: string; message: string }
  | { kind: "invalid"; message: string };

/** The envelope alone: each event in it is checked like one that came by itself. */
const batchSchema = z.object({ data: z.object({ events: z.array(z.unknown()) }) });

const pong = Buffer.from(PONG_TEXT);
const MEMORY = 16;

/**
 * Reads frames and checks them against the contract. A group's members receive the same bytes, so the last few
 * messages are remembered and compared as bytes: fifty deliveries cost one parse.
 */
export class FrameReader {
  readonly #run: string;
  readonly #memory: { bytes: Buffer; received: Received }[] = [];
  #oldest = 0;

  constructor(run: string) {
    this.#run = run;
  }

  read(payload: Buffer): Received {
    if (payload.equals(pong)) return { kind: "pong" };
    const known = this.#memory.find(({ bytes }) => bytes.length === payload.length && bytes.equals(payload));
    if (known !== undefined) return known.received;
    const received = this.#parseText(payload.toString("utf8"));
    if (received.kind === "created" || received.kind === "batch") {
      // A copy: the payload is part of a larger chunk, which would be kept as a whole.
      this.#memory[this.#oldest] = { bytes: Buffer.from(payload), received };
      this.#oldest = (this.#oldest + 1) % MEMORY;
    }
    return received;
  }

  #parseText(text: string): Received {
    try {
      return this.#parse(JSON.parse(text));
    } catch (error) {
      if (error instanceof SyntaxError) return { kind: "invalid", message: `not JSON: ${text.slice(0, 100)}` };
      throw error;
    }
  }

  #parse(frame: unknown): Received {
    switch (typeOf(frame)) {
      case "pong":
        return { kind: "pong" };
      case "connection.ready":
        return checked(readyFrameSchema, frame, ({ data: { cursor } }) => ({ kind: "ready", cursor }));
      case "message.created":
        return checked(messageCreatedFrameSchema, frame, ({ data: { message, cursor } }) => ({
          kind: "created",
          number: readMark(message.content, this.#run),
          seq: message.seq,
          cursor,
        }));
      case "resumed":
        return checked(resumedFrameSchema, frame, ({ data: { cursor, count } }) => ({
          kind: "resumed",
          cursor,
          count,
        }));
      case "resync":
        return checked(resyncFrameSchema, frame, ({ data: { reason } }) => ({ kind: "resync", reason }));
      case "batch":
        return checked(batchSchema, frame, ({ data }) => ({
          kind: "batch",
          events: data.events.map((event) => this.#parse(event)),
        }));
      case "message.ack":
        return checked(ackFrameSchema, frame, ({ id, data }) => ({
          kind: "ack",
          id: data.id ?? id,
          seq: data.message.seq,
        }));
      case "error":
        return checked(errorFrameSchema, frame, ({ id, data }) => ({
          kind: "error",
          id: data.id ?? id,
          code: data.code,
          message: data.message,
        }));
      default:
        return { kind: "other", cursor: cursorOf(frame) };
    }
  }
}

function typeOf(frame: unknown): unknown {
  return typeof frame === "object" && frame !== null && "type" in frame ? frame.type : undefined;
}

function cursorOf(frame: unknown): string | undefined {
  const data = typeof frame === "object" && frame !== null && "data" in frame ? frame.data : undefined;
  const cursor = typeof data === "object" && data !== null && "cursor" in data ? data.cursor : undefined;
  return typeof cursor === "string" ? cursor : undefined;
}

function checked<Schema extends z.ZodType>(
  schema: Schema,
  frame: unknown,
  read: (frame: z.infer<Schema>) => Received,
): Received {
  const result = schema.safeParse(frame);
  if (result.success) return read(result.data);
  const [issue] = result.error.issues;
  const path = issue?.path.join(".") ?? "";
  return { kind: "invalid", message: `${String(typeOf(frame))}: ${path} ${issue?.message ?? ""}` };
}
