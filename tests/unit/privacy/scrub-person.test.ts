import { describe, expect, it } from "vitest";
import { scrubPerson } from "../../../src/domain/scrub-person.ts";
import { changedMessageSchema } from "../../../src/protocol/message.ts";

const AT = "2026-02-01T00:00:00.000Z";
const [ana, budi] = ["0190a000-0000-7000-8001-000000000001", "0190a000-0000-7000-8001-000000000002"];
const user = (id: string, name: string) => ({ id, external_id: name, name, avatar_url: "https://example.test/a.png" });
const message = {
  id: "0190a000-0000-7000-8003-000000000001",
  channel_id: "0190a000-0000-7000-8002-000000000001",
  channel_external_id: "general",
  seq: 1,
  user: user(ana, "ana"),
  user_id: ana,
  content: "secret",
  type: "text",
  attachment_url: "https://example.test/f.png",
  attachment: null,
  created_at: AT,
  edited_at: null,
  deleted_at: null,
  parent_id: null,
  mentions: [{ user_id: budi, external_id: "budi", name: "Budi" }],
  metadata: { note: "secret" },
  thread_root_id: null,
  pinned_at: null,
  streaming: false,
};

describe("scrubbing a person out of an event", () => {
  it("[ERASE-5] blanks what they wrote, also where others quote it, and keeps the data's shape", () => {
    const own = scrubPerson({ message }, ana, AT) as { message: unknown };
    expect(JSON.stringify(own)).not.toMatch(/secret|"ana"|a\.png|f\.png/);
    expect(changedMessageSchema().parse(own.message)).toMatchObject({ user_id: ana, content: "", deleted_at: AT });
    const quoted = { id: message.id, user_id: ana, user_name: "ana", content: "secret", type: "text", deleted: false };
    const reply = { ...message, user: user(budi, "budi"), user_id: budi, content: "why?", quoted_message: quoted };
    const scrubbed = scrubPerson({ message: reply }, ana, AT) as { message: unknown };
    expect(changedMessageSchema().parse(scrubbed.message)).toMatchObject({
      content: "why?",
      quoted_message: { content: "", user_name: "", deleted: true },
    });
  });

  it("[ERASE-5] takes away their mentions, profiles and reactions, and nobody else's", () => {
    const mentioning = {
      ...message,
      user_id: budi,
      user: null,
      mentions: [{ user_id: ana, external_id: "ana", name: "Ana" }, ...message.mentions],
    };
    expect(scrubPerson({ message: mentioning, newly_mentioned: [ana, budi] }, ana, AT)).toMatchObject({
      message: { content: "secret", mentions: message.mentions },
      newly_mentioned: [budi],
    });
    const joined = {
      members: [
        { user: user(ana, "ana"), role: "admin" },
        { user: user(budi, "budi"), role: "member" },
      ],
    };
    expect(scrubPerson(joined, ana, AT)).toEqual({
      members: [{ user: { id: ana, external_id: null, name: "", avatar_url: null }, role: "admin" }, joined.members[1]],
    });
    const reaction = { message_id: message.id, user_id: ana, emoji: "🎉", replaces: "👍" };
    expect(scrubPerson(reaction, ana, AT)).toEqual({ message_id: message.id, user_id: ana, emoji: "·" });
    expect(scrubPerson(reaction, budi, AT)).toEqual(reaction);
  });
});
