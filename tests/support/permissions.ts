import type { Caller, TestUser } from "./group.ts";

/** What one caller gets: a success, or the code of the refusal. */
export type Outcome =
  | "ok"
  | "FORBIDDEN"
  | "NOT_A_MEMBER"
  | "NOT_AUTHOR"
  | "NOT_FOUND"
  | "UNAUTHORIZED"
  | "VALIDATION_ERROR";

/** The callers of the matrix. `foreignKey` and `foreignUser` belong to another workspace. */
export const CALLERS = ["key", "admin", "member", "stranger", "foreignKey", "foreignUser"] as const;
export type CallerName = (typeof CALLERS)[number];

/** A group with an admin and two members, a stranger of the same workspace, and a message of the first member. */
export interface Scene {
  channelId: string;
  messageId: string;
  admin: TestUser;
  member: TestUser;
  other: TestUser;
  stranger: TestUser;
}

export interface Row {
  /** Method and path as in the OpenAPI document. */
  route: string;
  params?: (scene: Scene) => Record<string, string>;
  body?: (scene: Scene) => unknown;
  /** Makes what the route names, with the scene's own workspace key; returns more parameters. */
  prepare?: (key: Caller, scene: Scene) => Promise<Record<string, string>>;
  /** In the order of CALLERS. */
  expect: readonly [Outcome, Outcome, Outcome, Outcome, Outcome, Outcome];
}

/** Only the workspace key; another workspace's finds nothing. */
const KEY_ONLY = ["ok", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "NOT_FOUND", "FORBIDDEN"] as const;
/** The workspace key; what it names need not exist, so another workspace's works on its own. */
const OWN_KEY = ["ok", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "ok", "FORBIDDEN"] as const;
/** Every user of any workspace, about itself. */
const OWN_USER = ["FORBIDDEN", "ok", "ok", "ok", "FORBIDDEN", "ok"] as const;
/** Every credential; what it may not see is not in the answer. */
const ANYBODY = ["ok", "ok", "ok", "ok", "ok", "ok"] as const;
const MEMBERS_AND_KEY = ["ok", "ok", "ok", "NOT_A_MEMBER", "NOT_FOUND", "NOT_FOUND"] as const;
const ADMIN_AND_KEY = ["ok", "ok", "FORBIDDEN", "NOT_A_MEMBER", "NOT_FOUND", "NOT_FOUND"] as const;
const MEMBERS = ["FORBIDDEN", "ok", "ok", "NOT_A_MEMBER", "FORBIDDEN", "NOT_FOUND"] as const;

/** The message is the member's own. */
const AUTHOR_AND_KEY = ["ok", "NOT_AUTHOR", "ok", "NOT_A_MEMBER", "NOT_FOUND", "NOT_FOUND"] as const;

const channel = (scene: Scene) => ({ id: scene.channelId });
const message = (scene: Scene) => ({ id: scene.channelId, mid: scene.messageId });
const emoji = (scene: Scene) => ({ ...message(scene), emoji: "👍" });
const nothing = () => ({});

/** A webhook of the scene's workspace; its deliveries find nobody. */
async function webhook(key: Caller, scene: Scene): Promise<Record<string, string>> {
  const created = await key.post("/v1/webhooks", { url: `http://127.0.0.1:9/${scene.channelId}` });
  return { id: created.body.id };
}

async function delivery(key: Caller, scene: Scene): Promise<Record<string, string>> {
  const { id = "" } = await webhook(key, scene);
  await key.post(`/v1/webhooks/${id}/test`);
  const deliveries = await key.get(`/v1/webhooks/${id}/deliveries`);
  return { id, did: deliveries.body.deliveries[0].id };
}

/** Who may call what: every route of the OpenAPI document has a row, and no cell is empty. */
export const ROUTES: readonly Row[] = [
  { route: "GET /v1/users", expect: OWN_KEY },
  { route: "POST /v1/users", body: () => ({ external_id: "matrix-new" }), expect: OWN_KEY },
  { route: "PUT /v1/users", body: () => ({ external_id: "matrix-new" }), expect: OWN_KEY },
  { route: "GET /v1/users/{id}", params: (scene) => ({ id: scene.other.id }), expect: KEY_ONLY },
  { route: "DELETE /v1/users/{id}", params: (scene) => ({ id: scene.other.id }), expect: KEY_ONLY },
  { route: "POST /v1/users/{id}/tokens", params: (scene) => ({ id: scene.other.id }), body: nothing, expect: KEY_ONLY },
  { route: "POST /v1/auth/token", body: (scene) => ({ user_id: scene.other.externalId }), expect: KEY_ONLY },
  {
    route: "POST /v1/channels",
    body: () => ({ type: "group", external_id: "matrix-group", member_external_ids: [] }),
    expect: OWN_KEY,
  },
  { route: "GET /v1/channels/{id}", params: channel, expect: MEMBERS_AND_KEY },
  { route: "PATCH /v1/channels/{id}", params: channel, body: () => ({ name: "New" }), expect: ADMIN_AND_KEY },
  { route: "DELETE /v1/channels/{id}", params: channel, expect: KEY_ONLY },
  { route: "GET /v1/channels/{id}/members", params: channel, expect: MEMBERS_AND_KEY },
  {
    route: "POST /v1/channels/{id}/members",
    params: channel,
    body: (scene) => ({ user_ids: [scene.other.externalId] }),
    expect: ADMIN_AND_KEY,
  },
  {
    route: "DELETE /v1/channels/{id}/members",
    params: channel,
    body: (scene) => ({ user_ids: [scene.other.externalId] }),
    expect: ADMIN_AND_KEY,
  },
  {
    route: "PATCH /v1/channels/{id}/members/{user_id}",
    params: (scene) => ({ ...channel(scene), user_id: scene.other.id }),
    body: () => ({ role: "member" }),
    expect: ADMIN_AND_KEY,
  },
  {
    route: "DELETE /v1/channels/{id}/members/{user_id}",
    params: (scene) => ({ ...channel(scene), user_id: scene.other.id }),
    expect: ADMIN_AND_KEY,
  },
  {
    route: "POST /v1/channels/{id}/messages",
    params: channel,
    // With a token the field is ignored: the sender is the token's user.
    body: (scene) => ({ content: "hi", user_id: scene.member.externalId }),
    expect: MEMBERS_AND_KEY,
  },
  { route: "GET /v1/channels/{id}/messages", params: channel, expect: MEMBERS_AND_KEY },
  { route: "GET /v1/channels/{id}/messages/{mid}", params: message, expect: MEMBERS_AND_KEY },
  {
    route: "PATCH /v1/channels/{id}/messages/{mid}",
    params: message,
    body: () => ({ content: "edited" }),
    // The message is the member's own.
    expect: ["ok", "NOT_AUTHOR", "ok", "NOT_A_MEMBER", "NOT_FOUND", "NOT_FOUND"],
  },
  { route: "DELETE /v1/channels/{id}/messages/{mid}", params: message, expect: MEMBERS_AND_KEY },
  {
    route: "POST /v1/channels/{id}/messages/{mid}/stream",
    params: message,
    // A repeat of how the member's message begins.
    body: () => ({ offset: 0, delta: "hel" }),
    expect: AUTHOR_AND_KEY,
  },
  {
    route: "POST /v1/channels/{id}/messages/{mid}/stream/finish",
    params: message,
    body: nothing,
    expect: AUTHOR_AND_KEY,
  },
  {
    route: "POST /v1/channels/{id}/messages/{mid}/stream/abort",
    params: message,
    body: nothing,
    expect: AUTHOR_AND_KEY,
  },
  { route: "PUT /v1/channels/{id}/messages/{mid}/reactions/{emoji}", params: emoji, expect: MEMBERS },
  { route: "DELETE /v1/channels/{id}/messages/{mid}/reactions/{emoji}", params: emoji, expect: MEMBERS },
  { route: "PUT /v1/channels/{id}/messages/{mid}/pin", params: message, expect: ADMIN_AND_KEY },
  { route: "DELETE /v1/channels/{id}/messages/{mid}/pin", params: message, expect: ADMIN_AND_KEY },
  { route: "GET /v1/channels/{id}/pins", params: channel, expect: MEMBERS_AND_KEY },
  { route: "GET /v1/channels/{id}/messages/{mid}/thread", params: message, expect: MEMBERS_AND_KEY },
  { route: "POST /v1/channels/{id}/read", params: channel, body: nothing, expect: MEMBERS },
  { route: "POST /v1/channels/{id}/delivered", params: channel, body: nothing, expect: MEMBERS },
  // Whom the caller may not see is left out, like one who does not exist.
  { route: "GET /v1/presence", params: (scene) => ({ user_ids: scene.other.id }), expect: ANYBODY },
  { route: "GET /v1/me", expect: OWN_USER },
  { route: "GET /v1/me/channels", expect: OWN_USER },
  { route: "GET /v1/me/unread", expect: OWN_USER },
  { route: "GET /v1/channels/{id}/mutes", params: channel, expect: ADMIN_AND_KEY },
  {
    route: "PUT /v1/channels/{id}/mutes/{user_id}",
    params: (scene) => ({ ...channel(scene), user_id: scene.other.id }),
    body: nothing,
    expect: ADMIN_AND_KEY,
  },
  {
    route: "DELETE /v1/channels/{id}/mutes/{user_id}",
    params: (scene) => ({ ...channel(scene), user_id: scene.other.id }),
    expect: ADMIN_AND_KEY,
  },
  { route: "GET /v1/channels/{id}/bans", params: channel, expect: ADMIN_AND_KEY },
  {
    route: "PUT /v1/channels/{id}/bans/{user_id}",
    params: (scene) => ({ ...channel(scene), user_id: scene.other.id }),
    body: nothing,
    expect: ADMIN_AND_KEY,
  },
  {
    route: "DELETE /v1/channels/{id}/bans/{user_id}",
    params: (scene) => ({ ...channel(scene), user_id: scene.other.id }),
    expect: ADMIN_AND_KEY,
  },
  { route: "GET /v1/me/blocks", expect: OWN_USER },
  {
    route: "PUT /v1/me/blocks/{user_id}",
    params: (scene) => ({ user_id: scene.other.id }),
    expect: ["FORBIDDEN", "ok", "ok", "ok", "FORBIDDEN", "NOT_FOUND"],
  },
  {
    route: "DELETE /v1/me/blocks/{user_id}",
    params: (scene) => ({ user_id: scene.other.id }),
    expect: ["FORBIDDEN", "ok", "ok", "ok", "FORBIDDEN", "NOT_FOUND"],
  },
  {
    route: "POST /v1/channels/{id}/messages/{mid}/report",
    params: message,
    body: () => ({ reason: "spam" }),
    expect: MEMBERS,
  },
  { route: "GET /v1/moderation/reports", expect: OWN_KEY },
  {
    route: "PATCH /v1/moderation/reports/{id}",
    // No report has a message's id.
    params: (scene) => ({ id: scene.messageId }),
    body: () => ({ status: "resolved" }),
    expect: ["NOT_FOUND", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "NOT_FOUND", "FORBIDDEN"],
  },
  { route: "GET /v1/moderation/audit", expect: OWN_KEY },
  { route: "GET /v1/workspace", expect: OWN_KEY },
  { route: "PATCH /v1/workspace", body: nothing, expect: OWN_KEY },
  { route: "GET /v1/workspace/stats", expect: OWN_KEY },
  {
    route: "POST /v1/attachments/presign",
    body: () => ({ filename: "a.png", content_type: "image/png", size: 10 }),
    expect: OWN_USER,
  },
  {
    route: "GET /v1/channels/{id}/messages/search",
    params: (scene) => ({ ...channel(scene), q: "hello" }),
    expect: MEMBERS_AND_KEY,
  },
  // Without a channel everybody searches what is their own.
  { route: "GET /v1/search", params: () => ({ q: "hello" }), expect: ["ok", "ok", "ok", "ok", "ok", "ok"] },
  { route: "GET /v1/workspace/export", expect: OWN_KEY },
  { route: "GET /v1/users/{id}/export", params: (scene) => ({ id: scene.other.id }), expect: KEY_ONLY },
  { route: "PUT /v1/me/channels/{id}/mute", params: channel, body: nothing, expect: MEMBERS },
  { route: "DELETE /v1/me/channels/{id}/mute", params: channel, expect: MEMBERS },
  { route: "PUT /v1/me/channels/{id}/hide", params: channel, expect: MEMBERS },
  { route: "DELETE /v1/me/channels/{id}/hide", params: channel, expect: MEMBERS },
  { route: "GET /v1/me/push-mute", expect: OWN_USER },
  { route: "PUT /v1/me/push-mute", body: nothing, expect: OWN_USER },
  { route: "DELETE /v1/me/push-mute", expect: OWN_USER },
  {
    route: "PUT /v1/me/devices/{token}",
    params: () => ({ token: "matrix-device" }),
    body: () => ({ platform: "android" }),
    expect: OWN_USER,
  },
  { route: "DELETE /v1/me/devices/{token}", params: () => ({ token: "matrix-device" }), expect: OWN_USER },
  { route: "GET /v1/push/vapid-key", expect: OWN_USER },
  { route: "POST /v1/webhooks", body: () => ({ url: "http://127.0.0.1:9/matrix" }), expect: OWN_KEY },
  { route: "GET /v1/webhooks", expect: OWN_KEY },
  { route: "PATCH /v1/webhooks/{id}", prepare: webhook, body: () => ({ enabled: false }), expect: KEY_ONLY },
  { route: "DELETE /v1/webhooks/{id}", prepare: webhook, expect: KEY_ONLY },
  { route: "POST /v1/webhooks/{id}/test", prepare: webhook, expect: KEY_ONLY },
  { route: "GET /v1/webhooks/{id}/deliveries", prepare: webhook, expect: KEY_ONLY },
  { route: "POST /v1/webhooks/{id}/deliveries/{did}/redeliver", prepare: delivery, expect: KEY_ONLY },
];

/** Routes that ask for no credential of this matrix; each has tests of its own. */
export const PUBLIC_ROUTES = ["GET /healthz", "GET /readyz", "GET /demo/session", "GET /v1/ws"];

export interface FrameRow {
  type: string;
  data: (scene: Scene) => unknown;
  /** For admin, member, stranger and foreignUser: a workspace key has no socket. */
  expect: readonly [Outcome, Outcome, Outcome, Outcome];
}

const FRAME_MEMBERS = ["ok", "ok", "NOT_A_MEMBER", "NOT_FOUND"] as const;
const FRAME_AUTHOR = ["NOT_AUTHOR", "ok", "NOT_A_MEMBER", "NOT_FOUND"] as const;
const frameChannel = (scene: Scene) => ({ channel_id: scene.channelId });
const frameMessage = (scene: Scene) => ({ channel_id: scene.channelId, message_id: scene.messageId });

/** The same for every frame that a client may send. */
export const FRAMES: readonly FrameRow[] = [
  { type: "ping", data: nothing, expect: ["ok", "ok", "ok", "ok"] },
  { type: "message.send", data: (scene) => ({ ...frameChannel(scene), content: "hi" }), expect: FRAME_MEMBERS },
  {
    type: "message.edit",
    data: (scene) => ({ ...frameMessage(scene), content: "edited again" }),
    expect: ["NOT_AUTHOR", "ok", "NOT_A_MEMBER", "NOT_FOUND"],
  },
  {
    type: "message.stream.append",
    data: (scene) => ({ ...frameMessage(scene), offset: 0, delta: "hel" }),
    expect: FRAME_AUTHOR,
  },
  { type: "message.stream.finish", data: frameMessage, expect: FRAME_AUTHOR },
  { type: "message.stream.abort", data: frameMessage, expect: FRAME_AUTHOR },
  { type: "reaction.add", data: (scene) => ({ ...frameMessage(scene), emoji: "👍" }), expect: FRAME_MEMBERS },
  { type: "reaction.remove", data: (scene) => ({ ...frameMessage(scene), emoji: "👍" }), expect: FRAME_MEMBERS },
  { type: "message.read", data: frameChannel, expect: FRAME_MEMBERS },
  { type: "message.delivered", data: frameChannel, expect: FRAME_MEMBERS },
  { type: "channel.focus", data: frameChannel, expect: FRAME_MEMBERS },
  { type: "typing.start", data: frameChannel, expect: FRAME_MEMBERS },
  { type: "typing.stop", data: frameChannel, expect: FRAME_MEMBERS },
  { type: "message.delete", data: frameMessage, expect: FRAME_MEMBERS },
  { type: "presence.set", data: () => ({ status: "away" }), expect: ["ok", "ok", "ok", "ok"] },
  { type: "presence.query", data: nothing, expect: ["ok", "ok", "ok", "ok"] },
  { type: "presence.watch", data: (scene) => ({ user_ids: [scene.other.id] }), expect: ["ok", "ok", "ok", "ok"] },
];
