import type { HubError, HubResult, ReceiptCommand } from "../../src/domain/hub-contract.ts";
import type { DurableData } from "../../src/protocol/frames-down.ts";
import type { Changes } from "./changes.ts";
import type { Directory } from "./directory.ts";
import type { Fanout } from "./fanout.ts";
import type { Journal, JournalEvent } from "./journal.ts";
import type { MessageLookup } from "./message-lookup.ts";
import type { HubRuntime } from "./storage.ts";

export interface ReceiptsParts {
  directory: Directory;
  changes: Changes;
  journal: Journal;
  fanout: Fanout;
  lookup: MessageLookup;
  runtime: HubRuntime;
  onAppend(event: JournalEvent): void;
}

/** Moves a member's read and delivered cursors, forward only. */
export class Receipts {
  readonly #parts: ReceiptsParts;

  constructor(parts: ReceiptsParts) {
    this.#parts = parts;
  }

  /** A cursor that would not move forward changes nothing and is no error. Throws where Postgres had to be asked and did not answer. */
  async apply(command: ReceiptCommand): Promise<HubResult<null>> {
    const { directory, changes, journal, fanout, lookup, runtime } = this.#parts;
    const known = await changes.resolve(command.channel);
    if (known === undefined || known.deleted) return refuse("NOT_FOUND", "there is no such channel");
    const { messageId: namedId } = command;
    const named = namedId === undefined ? undefined : (await lookup.find(known.info.id, namedId))?.message;

    const channel = directory.channel(known.info.id);
    const member = channel?.members.get(command.userId);
    if (channel === undefined || channel.deleted) return refuse("NOT_FOUND", "there is no such channel");
    if (member === undefined) return refuse("NOT_A_MEMBER", "the user is not a member");
    if (command.messageId !== undefined && named === undefined) return refuse("NOT_FOUND", "there is no such message");

    const seq = named?.seq ?? channel.lastSeq;
    const reached = command.kind === "read" ? member.readSeq : member.deliveredSeq;
    const done: HubResult<null> = { ok: true, value: null };
    const messageId = named?.id ?? channel.lastMessageId;
    if (seq <= reached || messageId === null) return done;

    const data: DurableData<"message.read"> = {
      channel_id: channel.info.id,
      channel_external_id: channel.info.external_id,
      user_id: command.userId,
      message_id: messageId,
      seq,
      at: new Date(runtime.now()).toISOString(),
    };
    const event = journal.transaction(() => {
      directory.setCursor(channel, member, command.kind, seq);
      return journal.append({
        type: command.kind === "read" ? "message.read" : "message.delivered",
        channelId: channel.info.id,
        body: JSON.stringify(data),
        userId: command.userId,
        messageId: null,
        clientId: null,
      });
    });
    fanout.enqueue(event);
    this.#parts.onAppend(event);
    return done;
  }
}

function refuse(code: HubError["code"], reason: string): { ok: false; error: HubError } {
  return { ok: false, error: { code, message: `unable to move the cursor; because ${reason}` } };
}
