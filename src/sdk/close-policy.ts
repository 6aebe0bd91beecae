import { CLOSE } from "../protocol/close-codes.ts";

/** What a client does after a close: connect again, fetch a new token before it, or stop for good. */
export type CloseAction = "reconnect" | "refresh" | "stop";

/** Decides by the close code. A code that is not in the table (1006, a proxy's own) is a broken line: reconnect. */
export function closeAction(code: number): CloseAction {
  if (code === CLOSE.TOKEN_EXPIRED.code) return "refresh";
  const known = Object.values(CLOSE).find((close) => close.code === code);
  return known && !known.reconnect ? "stop" : "reconnect";
}
