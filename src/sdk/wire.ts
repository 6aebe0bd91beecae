/**
 * The wire constants that the library needs at run time. Their home is `src/protocol`, in modules that carry zod;
 * the type annotations make the compiler refuse any difference, and keep zod out of the bundle.
 */
import type { FrameDown } from "../protocol/frames-down.ts";
import type { PING_TEXT as PingText } from "../protocol/frames-up.ts";
import type { WS_SUBPROTOCOL_PREFIX as SubprotocolPrefix } from "../protocol/token.ts";

export const PING_TEXT: typeof PingText = '{"type":"ping"}';
export const WS_SUBPROTOCOL_PREFIX: typeof SubprotocolPrefix = "cariosan.jwt.";

/** The data of one kind of frame from the server. */
export type DataOf<Type extends FrameDown["type"]> =
  Extract<FrameDown, { type: Type }> extends { data: infer Data } ? Data : undefined;
