import { CountingClient } from "../../net/counting-client.ts";
import type { HistoryReader } from "../peer.ts";

/** Each message of a page of JSON has it once; within a string its quotes would be escaped. */
const MESSAGE_MARK = '"seq":';

/**
 * Reads pages of JSON over a connection of its own. What there is in a page is checked elsewhere; here messages are counted.
 *
 * @param ask where a page is: the path, and what follows `Bearer`
 */
export function openPageReader(
  base: URL,
  ask: (place: number, limit: number) => { path: string; credential?: string },
): HistoryReader {
  const client = new CountingClient(base, MESSAGE_MARK);
  return {
    page(place, limit) {
      const { path, credential } = ask(place, limit);
      return client.count(path, credential);
    },
    close: () => client.close(),
  };
}
