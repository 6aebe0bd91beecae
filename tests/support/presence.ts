import { defaultWorkspaceSettings, type WorkspaceSettings } from "../../src/protocol/workspace.ts";
import type { createRig } from "./hub-rig.ts";

export type Rig = ReturnType<typeof createRig>;
export type Client = Awaited<ReturnType<Rig["connect"]>>;

/** Lets time pass second by second: due alarms fire, and the run-time answers the pings of `pinging` sockets. */
export async function pass(rig: Rig, seconds: number, pinging: readonly Client[] = []): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await rig.runtime.advance(1_000);
    for (const { socket } of pinging) if (socket.closedWith === undefined) socket.autoResponse = rig.runtime.time;
    if ((rig.runtime.alarmAt ?? Number.POSITIVE_INFINITY) > rig.runtime.time) continue;
    rig.runtime.alarmAt = undefined;
    await rig.hub.alarm();
  }
}

/** Closes a client's socket as its run-time would tell of it. */
export function hangUp(rig: Rig, client: Client): void {
  if (client.connection !== undefined) rig.sessions.closed(client.connection);
}

/** The statuses that a client was told of a user, in order. */
export function toldOf(client: Client, userId: string): string[] {
  const updates = client.socket.of("presence.update").filter((frame) => frame.data.user_id === userId);
  return updates.map((frame) => frame.data.status);
}

let version = 0;

/** Sets the workspace's switches as the Worker tells the hub of them. */
export function applySettings(rig: Rig, change: Partial<WorkspaceSettings>): void {
  rig.hub.settings.apply(++version, { ...defaultWorkspaceSettings(), ...change });
}
