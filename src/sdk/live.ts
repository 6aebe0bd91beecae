/** What keeps itself as it is now, for screens: messages of a channel or thread, pins, who has read how far. */

export type { Draft, Upload } from "./outbox.ts";
export { Pins } from "./pins.ts";
export { ownReaction } from "./reactions.ts";
export { ReadPositions } from "./read-positions.ts";
export { Timeline, type TimelineEntry, type TimelineEvents } from "./timeline.ts";
