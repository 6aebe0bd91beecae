import type { ChannelWrite } from "../data/channel-change.ts";
import type { Db } from "../data/db.ts";
import type { Caller } from "../domain/access.ts";
import type { Actor } from "../domain/hub-contract.ts";
import type { HubClient } from "../platform/hub-client.ts";
import type { ObjectStore } from "../platform/object-store.ts";
import type { Settings } from "../platform/settings.ts";
import type { Tokens } from "../platform/tokens.ts";

/** What a use case may use, for one request. */
export interface ServiceContext<Who extends Caller = Caller> {
  caller: Who;
  settings: Settings;
  db: Db;
  /** The caller's workspace's hub. */
  hub: HubClient;
  tokens: Tokens;
  store: ObjectStore | undefined;
}

/**
 * Tells the hub of a committed change before the request returns. Also of none: the hub may be behind since a call that failed after its
 * commit, and that call is repeated with this one. @throws UpstreamUnavailable
 */
export async function publish(
  context: ServiceContext,
  write: Omit<ChannelWrite, "channel"> & { channel: { id: string } },
) {
  await context.hub.applyChannel(write.channel.id, write.version, write.change);
}

/** The caller's user id where the caller is a user. */
export function userIdOf(caller: Caller): string | undefined {
  return caller.kind === "user" ? caller.userId : undefined;
}

/** The caller as the hub knows actors. */
export function actorOf(caller: Caller): Actor {
  return caller.kind === "user" ? { userId: caller.userId } : { workspace: true };
}
