import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import type { Neighbours } from "./neighbours.ts";

/** Whom a change of somebody's presence is told. */
export class PresenceAudience {
  readonly #connections: Connections;
  readonly #neighbours: Neighbours;

  constructor(connections: Connections, neighbours: Neighbours) {
    this.#connections = connections;
    this.#neighbours = neighbours;
  }

  /**
   * Connections of those who share a small channel with the user, each once however many they share, and of those who watch
   * it and still share any channel.
   */
  of(userId: string, watchers: readonly Connection[]): Set<Connection> {
    const recipients = new Set<Connection>();
    for (const id of this.#othersAreHere(userId) ? this.#neighbours.inSmallChannels(userId) : []) {
      for (const connection of this.#connections.of(id)) recipients.add(connection);
    }
    const asking = watchers.filter((connection) => !recipients.has(connection));
    const askingUsers = [...new Set(asking.map((connection) => connection.userId))];
    // They may have parted since.
    const sharing = this.#neighbours.sharing(userId, askingUsers);
    for (const connection of asking) if (sharing.has(connection.userId)) recipients.add(connection);
    return recipients;
  }

  /** User → the connections that watch it. */
  watchers(): Map<string, Connection[]> {
    const watchers = new Map<string, Connection[]>();
    for (const own of this.#connections.byUser.values()) {
      for (const connection of own) {
        for (const userId of connection.state.watching ?? []) {
          const known = watchers.get(userId);
          if (known === undefined) watchers.set(userId, [connection]);
          else known.push(connection);
        }
      }
    }
    return watchers;
  }

  #othersAreHere(userId: string): boolean {
    return this.#connections.userCount > (this.#connections.of(userId).size === 0 ? 0 : 1);
  }
}
