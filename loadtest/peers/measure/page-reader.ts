import { CountingClient } from "../../net/counting-client.ts";
import { MESSAGE_IN_PAGE } from "../../run/message-mark.ts";
import type { HistoryReader } from "../peer.ts";

/**
 * Reads pages of JSON over a connection of its own. What there is in a page is checked elsewhere; here messages are counted.
 *
 * @param ask where a page is: the path, and what follows `Bearer`
 */
export function openPageReader(
  base: URL,
  ask: (place: number, limit: number) => { path: string; credential?: string },
): HistoryReader {
  const client = new CountingClient(base, MESSAGE_IN_PAGE);
  return {
    async page(place, limit) {
      const { path, credential } = ask(place, limit);
      return (await client.get(path, credential)).count;
    },
    close: () => client.close(),
  };
}
