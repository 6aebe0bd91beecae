import type { ChannelType } from "../protocol/channel.ts";
import type { Role } from "../protocol/member.ts";
import { ApiError, invalid } from "./api-error.ts";

/** Who calls: a workspace's server with its key, or one end user with a token. */
export type Caller = WorkspaceCaller | UserCaller;

export interface WorkspaceCaller {
  kind: "workspace";
  workspaceId: string;
  /** The public half of the key. */
  keyId: string;
  locationHint: string | undefined;
}

export interface UserCaller {
  kind: "user";
  workspaceId: string;
  userId: string;
}

/** What a caller is to one channel. In direct channels, which have no roles, both are `member`. */
export type Standing = "workspace" | "admin" | "member" | "stranger";

/** Who may do what to a channel: the one table of permissions. */
const ALLOWED = {
  "channel.read": ["workspace", "admin", "member"],
  "channel.update": ["workspace", "admin"],
  "channel.delete": ["workspace"],
  /** Mute and hide: a member's own view, of which the workspace key has none. */
  "channel.prefer": ["admin", "member"],
  "members.add": ["workspace", "admin"],
  "members.remove": ["workspace", "admin"],
  // Leaving twice is leaving once: a repeat comes from a stranger.
  "members.leave": ["workspace", "admin", "member", "stranger"],
  "members.set_role": ["workspace", "admin"],
  /** In direct channels, which have no admin, only the workspace's server mutes. */
  "members.mute": ["workspace", "admin"],
  "members.ban": ["workspace", "admin"],
  "messages.read": ["workspace", "admin", "member"],
  "message.send": ["workspace", "admin", "member"],
  "message.edit_own": ["workspace", "admin", "member"],
  "message.edit_any": ["workspace"],
  "message.unsend_own": ["workspace", "admin", "member"],
  "message.unsend_any": ["workspace", "admin"],
  "message.stream_own": ["workspace", "admin", "member"],
  "message.stream_any": ["workspace"],
  /** A reaction is a user's own: the workspace key has none. */
  "message.react": ["admin", "member"],
  /** A complaint is a user's own too. */
  "message.report": ["admin", "member"],
  "message.pin": ["workspace", "admin"],
  /** Direct channels have no admin: either of the two may pin. */
  "message.pin_direct": ["workspace", "member"],
} as const satisfies Record<string, readonly Standing[]>;

export type ChannelAction = keyof typeof ALLOWED;
export type MessageAction = Extract<ChannelAction, `message.${string}`>;

export function isAllowed(standing: Standing, action: ChannelAction): boolean {
  const allowed: readonly Standing[] = ALLOWED[action];
  return allowed.includes(standing);
}

/** A channel as far as permissions depend on it. */
export interface ChannelStanding {
  type: ChannelType;
  isMember: boolean;
  role: Role | null;
}

export function standingOf(caller: Caller, channel: ChannelStanding): Standing {
  if (caller.kind === "workspace") return "workspace";
  if (!channel.isMember) return "stranger";
  return channel.role === "admin" ? "admin" : "member";
}

/** @throws NOT_A_MEMBER for strangers, FORBIDDEN for members, where the table does not allow the action. */
export function requireAllowed(caller: Caller, action: ChannelAction, channel: ChannelStanding): void {
  const standing = standingOf(caller, channel);
  if (isAllowed(standing, action)) return;
  if (standing === "stranger") throw new ApiError("NOT_A_MEMBER", "you are not a member of this channel");
  throw new ApiError("FORBIDDEN", "only an admin of this channel may do this");
}

/** Direct channels keep their two people: with a user token nobody is added, removed or given a role. */
export function requireGroup(channel: ChannelStanding, path: string): void {
  if (channel.type === "direct")
    throw invalid(path, "cannot be changed in a direct channel, which has exactly two members");
}
