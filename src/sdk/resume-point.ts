import type { FrameDown } from "../protocol/frames-down.ts";
import type { ResumeFrame } from "../protocol/frames-up.ts";
import { newId } from "./ids.ts";

/** Why a client must read its state anew instead of continuing from where it was. */
export type DiscontinuityReason = Extract<FrameDown, { type: "resync" }>["data"]["reason"] | "resume_refused";

/** What a frame meant for the resume: nothing, a gap that the server cannot fill, or a resume to try again. */
export type ResumeNote = { kind: "none" } | { kind: "discontinuity"; reason: DiscontinuityReason } | { kind: "retry" };

const NONE: ResumeNote = { kind: "none" };

/** Remembers up to which event this client has seen everything. */
export class ResumePoint {
  #cursor: string | undefined;
  /** Where this connection began: the point to go on from when a resume is refused. */
  #readyCursor: string | undefined;
  #requestId: string | undefined;

  /** True between a resume and its answer. */
  get pending(): boolean {
    return this.#requestId !== undefined;
  }

  /** The first frame of a new socket; none where nothing was ever received. */
  open(): ResumeFrame | undefined {
    this.#requestId = undefined;
    if (this.#cursor === undefined) return undefined;
    this.#requestId = newId();
    return { type: "resume", id: this.#requestId, data: { cursor: this.#cursor } };
  }

  /** Takes the cursor out of a frame. */
  note(frame: FrameDown): ResumeNote {
    switch (frame.type) {
      case "pong":
        return NONE;
      case "connection.ready":
        this.#readyCursor = frame.data.cursor;
        this.#cursor ??= frame.data.cursor;
        return NONE;
      case "resumed":
        this.#settle(frame.data.cursor);
        return NONE;
      case "resync":
        this.#settle(frame.data.cursor);
        return { kind: "discontinuity", reason: frame.data.reason };
      case "error":
        return this.#noteError(frame);
      default:
        // By the field, not by the type: an event of a newer server moves the point as well. While a resume is under
        // way the point stays: a live event that overtook the missed ones would otherwise skip them for good.
        if (!this.pending && "cursor" in frame.data) this.#cursor = frame.data.cursor;
        return NONE;
    }
  }

  #noteError(frame: Extract<FrameDown, { type: "error" }>): ResumeNote {
    if (!this.pending || (frame.id ?? frame.data.id) !== this.#requestId) return NONE;
    const { code } = frame.data;
    if (code === "RATE_LIMITED" || code === "INTERNAL" || code === "UPSTREAM_UNAVAILABLE") return { kind: "retry" };
    this.#settle(this.#readyCursor);
    return { kind: "discontinuity", reason: "resume_refused" };
  }

  #settle(cursor: string | undefined): void {
    this.#cursor = cursor;
    this.#requestId = undefined;
  }
}
