import { z } from "zod";
import { historyCursor } from "../../../src/domain/page-cursor.ts";
import { LoadError } from "../../errors.ts";
import { HttpClient, parseAnswer } from "../../net/http-client.ts";
import { type LongChannel, prepareLongChannel } from "../../run/long-channel.ts";
import type { PatientApi } from "../../run/patient-api.ts";
import type { LoadTarget } from "../../target.ts";
import type { HistoryReader, PeerHistory } from "../peer.ts";

/** What there is in a page is checked elsewhere; here it is counted. */
const pageSchema = z.object({ messages: z.array(z.unknown()) });

const READERS = 200;
const TOKEN_SECONDS = 3_600;

/** A long channel made by `kabar import`, whose messages have about 98 bytes of content, read over REST. */
export class KabarHistory implements PeerHistory {
  readonly #api: PatientApi;
  readonly #target: LoadTarget;
  #messages = 0;
  #channel: LongChannel | undefined;
  #next = 0;

  constructor(api: PatientApi, target: LoadTarget) {
    this.#api = api;
    this.#target = target;
  }

  async fill(messages: number): Promise<void> {
    const setting = { api: this.#api, target: this.#target, log: () => {}, scenario: { seconds: TOKEN_SECONDS } };
    this.#channel = await prepareLongChannel(setting, { messages, readers: READERS });
    this.#messages = messages;
  }

  async openReader(): Promise<HistoryReader> {
    const channel = this.#channel;
    const user = channel?.readers[this.#next++ % channel.readers.length];
    if (channel === undefined || user === undefined) throw new LoadError("the long channel is not made yet");
    const http = new HttpClient(this.#target.baseUrl, { connections: 1 });
    return {
      page: async (place, limit) => {
        const end = Math.round(place * this.#messages);
        const search = new URLSearchParams({ limit: String(limit) });
        // The page that ends below the next number, as one who scrolls asks for it.
        search.set("before", historyCursor.encode([end + 1]));
        const path = `/v1/channels/${user.group.channelId}/messages?${search}`;
        const answer = await http.request({ method: "GET", path, credential: user.token });
        return parseAnswer(answer, pageSchema).messages.length;
      },
      close: () => http.close(),
    };
  }
}
