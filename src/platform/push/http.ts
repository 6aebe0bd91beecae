import { type PushOutcome, retryAfterMs } from "../../domain/push.ts";
import { withDeadline } from "../deadline.ts";

/** Milliseconds after which a push service counts as not answering. */
const TIMEOUT_MS = 5_000;
/** Error texts are read up to this many characters. */
const MAX_TEXT = 4_096;

export interface PushAnswer {
  status: number;
  headers: Headers;
  text: string;
}

/** POSTs without following redirects: the address was checked, where it leads was not. Throws where nobody answers. */
export async function post(url: string, headers: Record<string, string>, body: BodyInit): Promise<PushAnswer> {
  return withDeadline(TIMEOUT_MS, async (signal) => {
    const response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal });
    return { status: response.status, headers: response.headers, text: await readText(response) };
  });
}

/** Reads as much of a body as is of interest, whatever its length. */
async function readText(response: Response): Promise<string> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length >= MAX_TEXT) break;
  }
  return text.slice(0, MAX_TEXT);
}

/**
 * The answer of a push service that does not serve now. A 429 may be about one device only; what else says for how long
 * is about the service.
 *
 * @param usualPauseMs where it does not say for how long
 */
export function later({ status, headers }: PushAnswer, usualPauseMs?: number): PushOutcome {
  const pauseMs = retryAfterMs(headers.get("retry-after"), Date.now()) ?? usualPauseMs;
  const reason = `status ${status}`;
  return pauseMs === undefined
    ? { kind: "retry", reason }
    : { kind: "retry", reason, pauseMs, isService: status !== 429 };
}

/** True for answers after which the same request may succeed later. */
export function isTemporary(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** What to say of a failure in a log, without addresses: an endpoint's path is a secret. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.name : "unknown";
}
