import { applyPiece } from "../../src/domain/stream-text.ts";
import type { FrameDown } from "../../src/protocol/frames-down.ts";

/** What a careful client makes of its frames: the text of each message, whole or growing. Holes are remembered. */
export class StreamReader {
  readonly texts = new Map<string, string>();
  readonly ended = new Set<string>();
  holes = 0;

  take(frame: FrameDown): void {
    switch (frame.type) {
      case "batch":
        for (const event of frame.data.events) this.take(event);
        return;
      case "message.created":
        this.texts.set(frame.data.message.id, frame.data.message.content);
        return;
      case "message.updated":
      case "message.deleted":
      case "message.pinned":
      case "message.unpinned":
        this.texts.set(frame.data.message.id, frame.data.message.content);
        if (!frame.data.message.streaming) this.ended.add(frame.data.message.id);
        return;
      case "message.delta": {
        const { message_id: id, offset, delta } = frame.data;
        const text = applyPiece(this.texts.get(id) ?? "", offset, delta);
        if (text === undefined) this.holes++;
        else this.texts.set(id, text);
      }
    }
  }

  /** A message as a page of history shows it, which may be older than what came meanwhile. */
  read(message: { id: string; content: string; streaming: boolean }): void {
    const known = this.texts.get(message.id);
    const isOlder = this.ended.has(message.id) || (message.streaming && (known?.length ?? 0) > message.content.length);
    if (!isOlder) this.texts.set(message.id, message.content);
    if (!message.streaming) this.ended.add(message.id);
  }
}
