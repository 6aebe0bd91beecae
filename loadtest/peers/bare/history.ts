import { HttpClient } from "../../net/http-client.ts";
import { openPageReader } from "../measure/page-reader.ts";
import type { HistoryReader, PeerHistory } from "../peer.ts";

/** Messages of one call: one transaction each. */
const CHUNK = 20_000;

/** The long channel of an object that keeps it in its own SQLite, read over HTTP as Kabar's is. */
export class BareHistory implements PeerHistory {
  readonly #base: URL;
  readonly #contentBytes: number | undefined;
  #messages = 0;

  /** @param contentBytes of each message, whatever is asked for */
  constructor(base: URL, contentBytes: number | undefined) {
    this.#base = base;
    this.#contentBytes = contentBytes;
  }

  async fill(messages: number, bytes: number): Promise<void> {
    const http = new HttpClient(this.#base, { timeoutMs: 60_000 });
    for (; this.#messages < messages; this.#messages += CHUNK) {
      const count = Math.min(CHUNK, messages - this.#messages);
      const path = `/durable/fill?messages=${count}&bytes=${this.#contentBytes ?? bytes}`;
      await http.request({ method: "POST", path });
    }
    this.#messages = messages;
    http.close();
  }

  async openReader(): Promise<HistoryReader> {
    return openPageReader(this.#base, (place, limit) => {
      const before = Math.round(place * this.#messages) + 1;
      return { path: `/durable/page?before=${before}&limit=${limit}` };
    });
  }
}
