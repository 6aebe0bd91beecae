import { isAllowed, type Standing } from "../../src/domain/access.ts";
import type {
  Actor,
  HubError,
  HubResult,
  StreamAppendCommand,
  StreamEndCommand,
} from "../../src/domain/hub-contract.ts";
import type { SendRules } from "../../src/domain/send-rules.ts";
import { placePiece } from "../../src/domain/stream-text.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import type { ChangedMessage } from "../../src/protocol/message.ts";
import { exceedsBytes } from "../../src/protocol/primitives.ts";
import type { StreamPlace } from "../../src/protocol/stream.ts";
import type { Changes } from "./changes.ts";
import type { ChannelState, Directory } from "./directory.ts";
import type { MessageLookup } from "./message-lookup.ts";
import type { Mutes } from "./mutes.ts";
import type { HubRuntime } from "./storage.ts";
import type { Streams } from "./streams.ts";

export interface StreamWriterParts {
  directory: Directory;
  changes: Changes;
  lookup: MessageLookup;
  streams: Streams;
  mutes: Mutes;
  runtime: HubRuntime;
  rules: SendRules;
}

type Refused = { ok: false; error: HubError };
type Found = { ok: true; channel: ChannelState; standing: Standing; userId: string | null };

/** What authors do with their open streams: who may, what fits, and what a repeat is. */
export class StreamWriter {
  readonly #parts: StreamWriterParts;

  constructor(parts: StreamWriterParts) {
    this.#parts = parts;
  }

  /** Adds a piece. Answers when it is durable: pieces of a fifth of a second share one row and one wait. */
  async append({ channel, messageId, actor, offset, delta }: StreamAppendCommand): Promise<HubResult<StreamPlace>> {
    const { directory, streams, mutes, runtime, rules } = this.#parts;
    // Nothing is awaited for a channel that the hub knows, so that pieces stay in the order in which they came.
    const known = directory.channel(channel) ?? (await this.#parts.changes.resolve(channel));
    const found = this.#authorize(known, actor);
    if (!found.ok) return found;
    const stream = streams.find(found.channel.info.id, messageId);
    if (stream === undefined) {
      const ended = await this.#ended(found, messageId);
      if (!ended.ok) return ended;
      const { content } = ended.value;
      if (placePiece(content, offset, delta).kind !== "repeat") return refuse("CONFLICT", "its stream has ended");
      return { ok: true, value: { message_id: messageId, length: content.length } };
    }
    const muted = found.userId === null ? undefined : mutes.refusal(found.channel.info.id, found.userId);
    const forbidden = muted ?? forbids(found, stream.userId);
    if (forbidden !== undefined) return forbidden;
    switch (stream.take(offset, delta, rules.maxMessageBytes, runtime.now())) {
      case "too_fast":
        return refuse("RATE_LIMITED", `at most ${LIMITS.streamAppendsPerSecond} pieces a second are taken`, 1);
      case "too_large":
        return refuse("MESSAGE_TOO_LARGE", `it would be larger than ${rules.maxMessageBytes} bytes; finish it`);
      case "conflict":
        return conflict(stream.text.length);
      case "taken":
        streams.grew(stream);
    }
    const { length } = stream.text;
    await stream.kept();
    return { ok: true, value: { message_id: messageId, length } };
  }

  /** Ends a stream with the text so far, or with the whole text that is given. */
  async end({ channel, messageId, actor, content, aborted }: StreamEndCommand): Promise<HubResult<ChangedMessage>> {
    const { directory, changes, streams } = this.#parts;
    const known = directory.channel(channel) ?? (await changes.resolve(channel));
    const found = this.#authorize(known, actor);
    if (!found.ok) return found;
    const stream = streams.find(found.channel.info.id, messageId);
    if (stream === undefined) {
      const ended = await this.#ended(found, messageId);
      if (ended.ok && content !== undefined && content !== ended.value.content) {
        return refuse("CONFLICT", "its stream has ended with another text");
      }
      return ended;
    }
    const forbidden = forbids(found, stream.userId);
    if (forbidden !== undefined) return forbidden;
    const { maxMessageBytes } = this.#parts.rules;
    const message = streams.messageOf(stream);
    const text = content ?? stream.text;
    if (exceedsBytes(text, maxMessageBytes)) {
      return refuse("MESSAGE_TOO_LARGE", `it is larger than ${maxMessageBytes} bytes`);
    }
    if (!aborted && text.trim() === "" && message?.attachment_url === null) {
      return refuse("VALIDATION_ERROR", "content must not be empty; abort the stream or unsend the message instead");
    }
    return streams.end(stream, { text, mark: aborted ? "aborted" : undefined, userId: found.userId });
  }

  #authorize(channel: ChannelState | undefined, actor: Actor): Found | Refused {
    if (channel === undefined || channel.deleted) return refuse("NOT_FOUND", "there is no such channel");
    if (!("userId" in actor)) return { ok: true, channel, standing: "workspace", userId: null };
    const member = channel.members.get(actor.userId);
    if (member === undefined) return refuse("NOT_A_MEMBER", "you are not a member");
    return { ok: true, channel, standing: member.role === "admin" ? "admin" : "member", userId: actor.userId };
  }

  /** The message of a stream that is over, for those who might have written it. */
  async #ended(found: Found, messageId: string): Promise<HubResult<ChangedMessage>> {
    const message = (await this.#parts.lookup.find(found.channel.info.id, messageId))?.message;
    if (message === undefined || message.deleted_at !== null) return refuse("NOT_FOUND", "there is no such message");
    return forbids(found, message.user_id) ?? { ok: true, value: message };
  }
}

function forbids({ standing, userId }: Found, authorId: string | null): Refused | undefined {
  const isAuthor = userId !== null && userId === authorId;
  if (isAllowed(standing, isAuthor ? "message.stream_own" : "message.stream_any")) return undefined;
  return refuse("NOT_AUTHOR", "only its author may write a message");
}

function conflict(length: number): Refused {
  const message = `unable to write the message; because its text is ${length} UTF-16 units long and the piece does not fit`;
  return { ok: false, error: { code: "CONFLICT", message, details: [{ path: "length", message: String(length) }] } };
}

function refuse(code: HubError["code"], reason: string, retryAfter?: number): Refused {
  const message = `unable to write the message; because ${reason}`;
  return { ok: false, error: { code, message, ...(retryAfter === undefined ? {} : { retryAfter }) } };
}
