import { v7 as uuidv7 } from "uuid";
import type { ArchivedAct, ArchivedMute } from "../../src/domain/hub-ports.ts";
import type { DurableData } from "../../src/protocol/frames-down.ts";
import type { ModerationAct } from "../../src/protocol/moderation.ts";
import type { JournalEvent } from "./journal-rows.ts";

/** The mute, or the end of one, that an event tells of. */
export function archivedMute(event: JournalEvent): ArchivedMute {
  const at = new Date(event.at).toISOString();
  const muted = event.type === "member.muted";
  const data = JSON.parse(event.body) as DurableData<"member.unmuted"> & Partial<DurableData<"member.muted">>;
  const { channel_id, user_id, by_user_id: by, until = null, rule = null } = data;
  return { channel_id, user_id, muted, until, muted_by: by, rule, at };
}

/** The entry of the audit log that an event makes; undefined for most. */
export function archivedAct(event: JournalEvent): ArchivedAct | undefined {
  switch (event.type) {
    case "message.moderated": {
      const { user_id, message_id, rule, rules, action } = JSON.parse(event.body) as DurableData<"message.moderated">;
      return act(event, "message.moderated", AUTOMATIC, { user_id, message_id, details: { rule, rules, action } });
    }
    case "member.muted": {
      const { user_id, until, rule, by_user_id: by } = JSON.parse(event.body) as DurableData<"member.muted">;
      if (rule === null) return act(event, "member.muted", by, { user_id, details: { until } });
      return act(event, "member.muted", AUTOMATIC, { user_id, details: { until, rule } });
    }
    case "member.unmuted": {
      const { user_id, by_user_id: by } = JSON.parse(event.body) as DurableData<"member.unmuted">;
      return act(event, "member.unmuted", by, { user_id });
    }
    case "message.deleted": {
      const { message } = JSON.parse(event.body) as DurableData<"message.deleted">;
      // Taking back one's own words is no moderation.
      if (message.user_id === null || message.user_id === event.userId) return undefined;
      return act(event, "message.unsent", event.userId, { user_id: message.user_id, message_id: message.id });
    }
    default:
      return undefined;
  }
}

const AUTOMATIC = Symbol("a rule");

/** `by` is a user's id, null for the workspace's server. */
function act(
  event: JournalEvent,
  name: ModerationAct,
  by: string | null | typeof AUTOMATIC,
  to: { user_id: string; message_id?: string | null; details?: Record<string, unknown> },
): ArchivedAct {
  return {
    // Ordered as the journal is, also within a millisecond.
    id: uuidv7({ msecs: event.at, seq: event.seq % 2 ** 32 }),
    act: name,
    actor: by === AUTOMATIC ? "automatic" : by === null ? "workspace" : "user",
    actor_id: by === AUTOMATIC ? null : by,
    channel_id: event.channelId,
    user_id: to.user_id,
    message_id: to.message_id ?? null,
    details: to.details ?? {},
    at: new Date(event.at).toISOString(),
  };
}
