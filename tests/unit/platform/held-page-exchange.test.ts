import { describe, expect, it } from "vitest";
import {
  heldHistoryOf,
  heldPageRequestOf,
  heldPageResponse,
  heldPageUrl,
} from "../../../src/platform/held-page-exchange.ts";

describe("how the Worker asks a hub for a page", () => {
  it("says all of a request, whatever an id holds", () => {
    const requests = [
      { channel: "0190a000-0000-7000-8001-000000000001", limit: 50 },
      {
        channel: 'order 7/ä&user=1?#%2f"\ud800 👍',
        userId: "0190a000-0000-7000-8001-000000000002",
        before: 2 ** 40,
        limit: 1,
      },
    ];
    for (const request of requests) expect(heldPageRequestOf(heldPageUrl(request))).toEqual(request);
    expect(heldPageRequestOf("https://hub/v1/ws")).toBeUndefined();
    expect(heldPageRequestOf("https://hub/v1/historyless?limit=1")).toBeUndefined();
  });

  it("passes a page on as the history that clients get", async () => {
    const place = { epoch: "abc", seq: 71 };
    const message = { seq: 4, content: "ä👍" };
    const history = async (found: Parameters<typeof heldPageResponse>[0]) => {
      const held = heldHistoryOf(heldPageResponse(found));
      return "body" in held ? new Response(held.body).json() : held;
    };
    const more = { messages: [JSON.stringify(message)], hasMore: true, oldestSeq: 4, place };
    expect(await history(more)).toEqual({
      messages: [message],
      has_more: true,
      next_cursor: btoa('[1,"messages",4]').replaceAll("=", ""),
      as_of: "abc-1z",
    });
    const none = { messages: [], hasMore: false, oldestSeq: undefined, place };
    expect(await history(none)).toEqual({ messages: [], has_more: false, next_cursor: null, as_of: "abc-1z" });
  });

  it("tells whether Postgres is behind where there is no page, and takes nothing else for an answer", () => {
    for (const behind of [true, false]) expect(heldHistoryOf(heldPageResponse({ behind }))).toEqual({ behind });
    expect(() => heldHistoryOf(new Response("", { status: 503 }))).toThrow("503");
  });
});
