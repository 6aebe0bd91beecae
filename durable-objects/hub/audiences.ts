import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import type { ChannelState } from "./directory.ts";

interface Audience {
  connections: readonly Connection[];
  membersVersion: number;
}

/**
 * The open connections of channels' members, as lists that stay until somebody joins, leaves, connects or goes: a message
 * to a thousand members then looks up none of them. A list goes with the hub's copy of its channel, and all of them go with
 * any connection, so that none keeps a closed socket.
 */
export class Audiences {
  readonly #connections: Connections;
  #kept = new WeakMap<ChannelState, Audience>();

  constructor(connections: Connections) {
    this.#connections = connections;
    connections.onChange = () => {
      this.#kept = new WeakMap();
    };
  }

  /** Every open connection of the channel's members, each once. */
  of(channel: ChannelState): readonly Connection[] {
    const kept = this.#kept.get(channel);
    if (kept?.membersVersion === channel.membersVersion) return kept.connections;
    const connections = this.#find(channel);
    this.#kept.set(channel, { connections, membersVersion: channel.membersVersion });
    return connections;
  }

  #find({ members }: ChannelState): Connection[] {
    const { byUser, userCount } = this.#connections;
    const found: Connection[] = [];
    // Walk whichever is smaller: the channel's members or the workspace's connected users.
    if (members.size <= userCount) {
      for (const userId of members.keys()) found.push(...this.#connections.of(userId));
    } else {
      for (const [userId, own] of byUser) if (members.has(userId)) found.push(...own);
    }
    return found;
  }
}
