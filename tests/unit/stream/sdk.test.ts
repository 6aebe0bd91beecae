import { describe, expect, it } from "vitest";
import type { FrameUp } from "../../../src/protocol/frames-up.ts";
import type { Message } from "../../../src/protocol/message.ts";
import { LiveTexts } from "../../../src/sdk/live-texts.ts";
import { MessageStream } from "../../../src/sdk/message-stream.ts";

const ids = { channel_id: "c", channel_external_id: null, message_id: "m" };
const message = (content: string, streaming = true) => ({ id: "m", channel_id: "c", content, streaming }) as Message;
const delta = (offset: number, text: string) => ({
  type: "message.delta" as const,
  data: { ...ids, offset, delta: text },
});

describe("streams in the client library", () => {
  it("[STREAM-17] puts pieces together, and reads the message where one leaves a hole", async () => {
    const seen: string[] = [];
    const texts = new LiveTexts(
      async () => message("abcdef"),
      ({ content }) => seen.push(content),
    );
    texts.take({ type: "message.created", data: { cursor: "1", message: message("ab") } });
    texts.take(delta(2, "c"));
    texts.take(delta(0, "ab"));
    texts.take(delta(5, "f"));
    await new Promise((resolve) => setTimeout(resolve));
    texts.take(delta(6, "g"));
    expect(seen).toEqual(["abc", "ab", "abcdef", "abcdefg"]);
    // A page of an earlier moment, and one of after the end.
    expect(texts.over(message("abc")).content).toBe("abcdefg");
    expect(texts.over(message("final", false)).content).toBe("final");
  });

  it("[STREAM-17] sends one piece at a time, whole characters only, and tells of a refusal at the finish", async () => {
    const asked: FrameUp[] = [];
    let answer: (() => void) | undefined;
    let refuse = false;
    const stream = new MessageStream(message("so "), async (frame) => {
      asked.push(frame);
      if (refuse) throw new Error("refused");
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
    });
    void stream.append("a");
    void stream.append("b\ud83d");
    await Promise.resolve();
    expect(asked).toMatchObject([{ type: "message.stream.append", data: { offset: 3, delta: "ab" } }]);
    const rest = stream.append("\ude00");
    void stream.append("!");
    refuse = true;
    answer?.();
    await expect(rest).rejects.toThrow("refused");
    expect(asked[1]).toMatchObject({ data: { offset: 5, delta: "😀!" } });
    await expect(stream.finish()).rejects.toThrow("refused");
    expect(asked).toHaveLength(2);
  });
});
