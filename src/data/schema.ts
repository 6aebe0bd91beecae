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
  },
  (table) => [
    // A deleted channel frees its external id and its pair.
    uniqueIndex("channels_workspace_external").on(table.workspaceId, table.externalId).where(sql`deleted_at is null`),
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
  (table) => [primaryKey({ columns: [table.messageId, table.userId] })],
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
