import type { FrameDown } from "../protocol/frames-down.ts";

/**
 * The one parser of what arrives on the socket: a frame, or a `batch` of frames. Text that is no frame gives an empty
 * list, as does a frame without the data that its readers expect; unknown types pass and are ignored by them.
 */
export function parseFrames(text: unknown): FrameDown[] {
  if (typeof text !== "string") return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  if (!isFrame(value)) return [];
  if ((value.type as string) !== "batch") return [value];
  const events = "data" in value && "events" in value.data ? value.data.events : [];
  return Array.isArray(events) ? events.filter(isFrame) : [];
}

function isFrame(value: unknown): value is FrameDown {
  if (!isObject(value) || typeof value.type !== "string") return false;
  return value.type === "pong" || isObject(value.data);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
