import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { SEARCH_VECTOR } from "./search-vector.ts";

/** Milliseconds are the finest time on the wire, so that a value read back equals the value sent. */
const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: "string" });
const counter = (name: string) => bigint(name, { mode: "number" });
const now = sql`now()`;

export const workspaces = pgTable("workspaces", {
  id: uuid("id").primaryKey(),
  name: text("name").notNull(),
  /** Where the workspace's hub is created; counts only at its first use. */
  locationHint: text("location_hint"),
  /** As `workspaceSettingsSchema`; what is not set has its default. */
  settings: jsonb("settings").notNull().default({}),
  /** Rises by one with each change, so that the hub takes over the newest. */
  settingsVersion: counter("settings_version").notNull().default(0),
  /** Rises by one with each change of any webhook. */
  webhooksVersion: counter("webhooks_version").notNull().default(0),
  createdAt: time("created_at").notNull().default(now),
});

export const workspaceKeys = pgTable(
  "workspace_keys",
  {
    /** The public half, `pk_live_…` or `pk_test_…`. */
    id: text("id").primaryKey(),
    workspaceId: uuid("workspace_id")
      .notNull()
      .references(() => workspaces.id),
    /** SHA-256 of the secret half, hex. The secret has 256 bits of entropy, so a fast hash is enough. */
    secretHash: text("secret_hash").notNull(),
    createdAt: time("created_at").notNull().default(now),
    rotatedAt: time("rotated_at"),
  },
  (table) => [index("workspace_keys_workspace").on(table.workspaceId)],
);

export const users = pgTable(
  "users",
  {
    id: uuid("id").primaryKey(),
    workspaceId: uuid("workspace_id")
      .notNull()
      .references(() => workspaces.id),
    externalId: text("external_id").notNull(),
    name: text("name").notNull(),
    avatarUrl: text("avatar_url"),
    metadata: jsonb("metadata").$type<Record<string, unknown>>().notNull().default({}),
    /** Rises by one with each change, so that the hub can tell which of two profiles is newer. */
    version: counter("version").notNull().default(1),
    /** No pushes at all until then; infinity for good. */
    pushMutedUntil: time("push_muted_until"),
    createdAt: time("created_at").notNull().default(now),
    updatedAt: time("updated_at").notNull().default(now),
  },
  (table) => [
    unique("users_workspace_external").on(table.workspaceId, table.externalId),
    index("users_workspace_id").on(table.workspaceId, table.id),
  ],
);

export const channels = pgTable(
  "channels",
  {
    id: uuid("id").primaryKey(),
    workspaceId: uuid("workspace_id")
      .notNull()
      .references(() => workspaces.id),
    externalId: text("external_id"),
    type: text("type", { enum: ["direct", "group"] }).notNull(),
    /** Both user ids of a direct channel in ascending order, joined by `:`; one channel per pair. */
    directKey: text("direct_key"),
    name: text("name"),
    avatarUrl: text("avatar_url"),
    createdBy: uuid("created_by"),
    /** Rises by one with each change of the channel or of its members; the hub applies versions in order. */
    version: counter("version").notNull().default(1),
    memberCount: integer("member_count").notNull().default(0),
    /** Of the newest archived message. */
    lastSeq: counter("last_seq").notNull().default(0),
    /** Place in the journal of the newest archived event: tells a reader whether its page is complete. */
    changedEpoch: text("changed_epoch"),
    changedSeq: counter("changed_seq").notNull().default(0),
    /** Of the newest archived message, else of the creation: the order of a user's channel list. */
    lastActivityAt: time("last_activity_at").notNull().default(now),
    createdAt: time("created_at").notNull().default(now),
    updatedAt: time("updated_at").notNull().default(now),
    deletedAt: time("deleted_at"),
    /** True while an import fills the channel. Until it is done the channel counts as deleted, and no hub may learn it. */
    importing: boolean("importing").notNull().default(false),
  },
  (table) => [
    // A deleted channel frees its external id and its pair.
    uniqueIndex("channels_workspace_external").on(table.workspaceId, table.externalId).where(sql`deleted_at is null`),
    index("channels_workspace").on(table.workspaceId, table.id),
    uniqueIndex("channels_workspace_direct").on(table.workspaceId, table.directKey).where(sql`deleted_at is null`),
  ],
);

export const members = pgTable(
  "members",
  {
    channelId: uuid("channel_id")
      .notNull()
      .references(() => channels.id),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    /** Null in direct channels. */
    role: text("role", { enum: ["admin", "member"] }),
    joinedAt: time("joined_at").notNull().default(now),
    /** Everything up to this message is read; a newcomer starts at the channel's head. */
    lastReadSeq: counter("last_read_seq").notNull().default(0),
    lastReadAt: time("last_read_at"),
    lastDeliveredSeq: counter("last_delivered_seq").notNull().default(0),
    lastDeliveredAt: time("last_delivered_at"),
    /** No pushes of the channel until then; infinity for good. */
    pushMutedUntil: time("push_muted_until"),
    /** The channel is hidden from its member's list while it has no message above this one. */
    hiddenSeq: counter("hidden_seq"),
  },
  (table) => [
    primaryKey({ columns: [table.channelId, table.userId] }),
    index("members_user").on(table.userId, table.channelId),
  ],
);

export const messages = pgTable(
  "messages",
  {
    id: uuid("id").primaryKey(),
    workspaceId: uuid("workspace_id").notNull(),
    channelId: uuid("channel_id")
      .notNull()
      .references(() => channels.id),
    seq: counter("seq").notNull(),
    /** No foreign key: messages outlive their author. */
    userId: uuid("user_id"),
    content: text("content").notNull(),
    type: text("type", { enum: ["text", "image", "file", "system"] }).notNull(),
    attachmentUrl: text("attachment_url"),
    attachment: jsonb("attachment"),
    parentId: uuid("parent_id"),
    mentions: jsonb("mentions").notNull().default([]),
    metadata: jsonb("metadata").notNull().default({}),
    clientId: text("client_id"),
    /** The message under which this one is a reply of a thread. */
    threadRootId: uuid("thread_root_id"),
    /** Replies of the thread under this message that are not unsent. */
    replyCount: integer("reply_count").notNull().default(0),
    pinnedAt: time("pinned_at"),
    /** True while its author is still writing it. */
    streaming: boolean("streaming").notNull().default(false),
    createdAt: time("created_at").notNull(),
    editedAt: time("edited_at"),
    deletedAt: time("deleted_at"),
  },
  (table) => [
    unique("messages_channel_seq").on(table.channelId, table.seq),
    index("messages_thread").on(table.threadRootId, table.seq).where(sql`thread_root_id is not null`),
    index("messages_pinned").on(table.channelId, table.pinnedAt).where(sql`pinned_at is not null`),
    // An author's messages, for its export and its erasure.
    index("messages_author").on(table.userId, table.id),
    // What a workspace's retention ends.
    index("messages_age").on(table.workspaceId, table.createdAt),
    // A hash: an address may be longer than an index entry.
    index("messages_attachment").on(sql`md5(attachment_url)`).where(sql`attachment_url is not null`),
    index("messages_search").using("gin", sql.raw(SEARCH_VECTOR)).where(sql`deleted_at is null`),
  ],
);

/** One per user and message. */
export const reactions = pgTable(
  "reactions",
  {
    messageId: uuid("message_id")
      .notNull()
      .references(() => messages.id, { onDelete: "cascade" }),
    userId: uuid("user_id").notNull(),
    emoji: text("emoji").notNull(),
    createdAt: time("created_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.messageId, table.userId] }),
    index("reactions_user").on(table.userId, table.messageId),
  ],
);

/** Who is mentioned where: what `unread_mentions` counts. */
export const mentions = pgTable(
  "mentions",
  {
    userId: uuid("user_id").notNull(),
    channelId: uuid("channel_id").notNull(),
    seq: counter("seq").notNull(),
    messageId: uuid("message_id")
      .notNull()
      .references(() => messages.id, { onDelete: "cascade" }),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.channelId, table.seq] }),
    index("mentions_message").on(table.messageId),
  ],
);

/** How far each workspace's journal has been archived, written in the same statement as the rows themselves. */
export const archiveWatermarks = pgTable("archive_watermarks", {
  workspaceId: uuid("workspace_id")
    .primaryKey()
    .references(() => workspaces.id),
  epoch: text("epoch").notNull(),
  seq: counter("seq").notNull(),
  updatedAt: time("updated_at").notNull().default(now),
});

/** Whose messages a user does not want to see. */
export const blocks = pgTable(
  "blocks",
  {
    workspaceId: uuid("workspace_id").notNull(),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    blockedUserId: uuid("blocked_user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    createdAt: time("created_at").notNull().default(now),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.blockedUserId] }),
    index("blocks_blocked").on(table.blockedUserId),
    // Who of a workspace blocks anybody.
    index("blocks_workspace").on(table.workspaceId, table.userId),
  ],
);

/** Who may not write in a channel. The hub decides; the archive carries it here. */
export const mutes = pgTable(
  "mutes",
  {
    channelId: uuid("channel_id")
      .notNull()
      .references(() => channels.id),
    /** No foreign key: the archive must not stumble over a user who was deleted meanwhile. */
    userId: uuid("user_id").notNull(),
    /** Null for a mute without end. */
    until: time("until"),
    /** Null for the workspace's server and for automatic mutes. */
    mutedBy: uuid("muted_by"),
    /** The rule of an automatic mute. */
    rule: text("rule"),
    createdAt: time("created_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.channelId, table.userId] }), index("mutes_user").on(table.userId)],
);

/** Who may not be a member of a channel. */
export const bans = pgTable(
  "bans",
  {
    channelId: uuid("channel_id")
      .notNull()
      .references(() => channels.id),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    /** Null for a ban without end. */
    until: time("until"),
    reason: text("reason"),
    /** Null for the workspace's server. */
    bannedBy: uuid("banned_by"),
    createdAt: time("created_at").notNull().default(now),
  },
  (table) => [primaryKey({ columns: [table.channelId, table.userId] }), index("bans_user").on(table.userId)],
);

/** What members complained about. */
export const reports = pgTable(
  "reports",
  {
    /** UUIDv7: the order of the list. */
    id: uuid("id").primaryKey(),
    workspaceId: uuid("workspace_id")
      .notNull()
      .references(() => workspaces.id),
    channelId: uuid("channel_id").notNull(),
    messageId: uuid("message_id").notNull(),
    reporterId: uuid("reporter_id").notNull(),
    /** Who wrote the message; null for a system message. */
    authorId: uuid("author_id"),
    reason: text("reason").notNull(),
    note: text("note"),
    /** The message as it was when it was reported; unsending it does not take it out of a reviewer's sight. */
    snapshot: jsonb("snapshot").notNull(),
    status: text("status", { enum: ["open", "resolved", "dismissed"] })
      .notNull()
      .default("open"),
    resolution: text("resolution"),
    createdAt: time("created_at").notNull().default(now),
    closedAt: time("closed_at"),
  },
  (table) => [
    unique("reports_once").on(table.messageId, table.reporterId),
    index("reports_workspace").on(table.workspaceId, table.id),
    index("reports_status").on(table.workspaceId, table.status, table.id),
    index("reports_author").on(table.authorId),
  ],
);

/** What was done in moderation, by whom. Rows are only added. */
export const moderationAudit = pgTable(
  "moderation_audit",
  {
    /** UUIDv7: the order of the list. */
    id: uuid("id").primaryKey(),
    workspaceId: uuid("workspace_id")
      .notNull()
      .references(() => workspaces.id),
    act: text("act").notNull(),
    /** `workspace` for its server, `user` for `actor_id`, `automatic` for a rule. */
    actor: text("actor", { enum: ["workspace", "user", "automatic"] }).notNull(),
    actorId: uuid("actor_id"),
    channelId: uuid("channel_id"),
    /** To whom it was done. */
    userId: uuid("user_id"),
    messageId: uuid("message_id"),
    details: jsonb("details").notNull().default({}),
    createdAt: time("created_at").notNull().default(now),
  },
  (table) => [index("moderation_audit_workspace").on(table.workspaceId, table.id)],
);

/** Where a user gets its pushes. A token belongs to who registered it last. */
export const devices = pgTable(
  "devices",
  {
    workspaceId: uuid("workspace_id").notNull(),
    token: text("token").notNull(),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    platform: text("platform", { enum: ["ios", "android", "web"] }).notNull(),
    /** As `pushSubscriptionSchema`, of browsers that use Web Push; null where the token is FCM's. */
    subscription: jsonb("subscription"),
    createdAt: time("created_at").notNull().default(now),
    updatedAt: time("updated_at").notNull().default(now),
  },
  (table) => [
    primaryKey({ columns: [table.workspaceId, table.token] }),
    index("devices_user").on(table.userId),
    // A hash: an endpoint may be longer than an index entry.
    index("devices_endpoint")
      .on(table.workspaceId, sql`md5(subscription ->> 'endpoint')`)
      .where(sql`subscription is not null`),
  ],
);

/** How far each imported file has come, written with the rows themselves, so that an import goes on where it was broken off. */
export const imports = pgTable(
  "imports",
  {
    workspaceId: uuid("workspace_id")
      .notNull()
      .references(() => workspaces.id),
    /** Hash that tells one file from another. */
    file: text("file").notNull(),
    /** Bytes of the file that are done. */
    place: counter("place").notNull().default(0),
    messages: counter("messages").notNull().default(0),
    reactions: counter("reactions").notNull().default(0),
    startedAt: time("started_at").notNull().default(now),
    finishedAt: time("finished_at"),
  },
  (table) => [primaryKey({ columns: [table.workspaceId, table.file] })],
);

/** Which servers of the customer's are told of events. The hub delivers, from its own copy of these rows. */
export const webhooks = pgTable(
  "webhooks",
  {
    /** UUIDv7: the order of the list. */
    id: uuid("id").primaryKey(),
    workspaceId: uuid("workspace_id")
      .notNull()
      .references(() => workspaces.id),
    url: text("url").notNull(),
    /** Names of events, sorted; empty for all. */
    events: jsonb("events").notNull(),
    /** `whsec_…`, as it is: signing needs it. */
    secret: text("secret").notNull(),
    enabled: boolean("enabled").notNull().default(true),
    disabledReason: text("disabled_reason", { enum: ["failures", "request"] }),
    disabledAt: time("disabled_at"),
    /** Rises each time that it is enabled, so that failures of before count no more. */
    activation: integer("activation").notNull().default(1),
    createdAt: time("created_at").notNull().default(now),
    updatedAt: time("updated_at").notNull().default(now),
  },
  (table) => [index("webhooks_workspace").on(table.workspaceId, table.id)],
);
