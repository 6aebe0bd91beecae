import type { HubError } from "../../src/domain/hub-contract.ts";
import type { HookSender } from "../../src/domain/hub-ports.ts";
import { ulid } from "../../src/domain/ulid.ts";
import { BEFORE_SEND_EVENT, type BeforeSendAnswer, beforeSendAnswerSchema } from "../../src/protocol/webhook.ts";
import type { WorkspaceSettings } from "../../src/protocol/workspace.ts";
import type { HubRuntime } from "./storage.ts";

/** Milliseconds that the customer's server has for its answer. */
const TIMEOUT_MS = 2_000;
const REASON_CHARS = 200;

export interface BeforeSendParts {
  sender: HookSender;
  runtime: HubRuntime;
  workspaceId: string;
  settings(): WorkspaceSettings;
}

/** What the hook makes of a message; `failed` where it could not be asked. */
export type HookAnswer = BeforeSendAnswer | { action: "failed"; onFailure: "allow" | "reject" };

/** Shows messages to the customer's server before they are stored. The messages of one turn keep their order. */
export class BeforeSendHook {
  readonly #parts: BeforeSendParts;
  /** Turn → the last message of it that is under way. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(parts: BeforeSendParts) {
    this.#parts = parts;
  }

  /** True where a message of this turn must wait: for the hook, or behind one that waits for it. */
  concerns(turn: string): boolean {
    return this.#parts.settings().before_send_hook !== null || this.#turns.has(turn);
  }

  /**
   * Asks the hook and then does `next`, after all earlier messages of the turn have done theirs. The hook is asked at once, so
   * that waiting messages cost one answer's time and not one each.
   *
   * @param message the draft that the hook sees
   */
  inTurn<Result>(turn: string, message: unknown, next: (answer: HookAnswer) => Result): Promise<Result> {
    const before = this.#turns.get(turn);
    const mine = Promise.all([this.#ask(message), before?.catch(() => undefined)]).then(([answer]) => next(answer));
    this.#turns.set(turn, mine);
    const done = () => {
      if (this.#turns.get(turn) === mine) this.#turns.delete(turn);
    };
    mine.then(done, done);
    return mine;
  }

  async #ask(message: unknown): Promise<HookAnswer> {
    const { sender, runtime, workspaceId, settings } = this.#parts;
    const hook = settings().before_send_hook;
    if (hook === null) return { action: "allow" };
    const now = runtime.now();
    const eventId = `evt_${ulid(now, runtime.random)}`;
    const body = {
      event_id: eventId,
      event: BEFORE_SEND_EVENT,
      workspace_id: workspaceId,
      created_at: new Date(now).toISOString(),
      data: { message },
    };
    const outcome = await sender.send(
      {
        url: hook.url,
        secret: hook.secret,
        eventId,
        event: BEFORE_SEND_EVENT,
        body: JSON.stringify(body),
        at: now,
        timeoutMs: TIMEOUT_MS,
      },
      { readBody: true },
    );
    const answer = "status" in outcome && isSuccess(outcome.status) ? readAnswer(outcome.text) : undefined;
    if (answer !== undefined) return answer;
    const reason = "error" in outcome ? outcome.error : `answered ${outcome.status} or no answer that can be read`;
    runtime.log("warn", "before_send.failed", { reason, on_failure: hook.on_failure });
    return { action: "failed", onFailure: hook.on_failure };
  }
}

/** The error of a message that the hook refuses, or that is refused because the hook failed. */
export function rejection(reason: string | undefined): HubError {
  const because = reason?.trim().slice(0, REASON_CHARS) || "the workspace's server does not allow it";
  return { code: "MESSAGE_REJECTED", message: `unable to send the message; because ${because}` };
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function readAnswer(text: string): BeforeSendAnswer | undefined {
  try {
    return beforeSendAnswerSchema().safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
