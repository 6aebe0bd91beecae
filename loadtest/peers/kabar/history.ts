import { historyCursor } from "../../../src/domain/page-cursor.ts";
import { LoadError } from "../../errors.ts";
import { type LongChannel, prepareLongChannel } from "../../run/long-channel.ts";
import type { PatientApi } from "../../run/patient-api.ts";
import type { LoadTarget } from "../../target.ts";
import { openPageReader } from "../measure/page-reader.ts";
import type { HistoryReader, PeerHistory } from "../peer.ts";

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
    return openPageReader(this.#target.baseUrl, (place, limit) => {
      const end = Math.round(place * this.#messages);
      const search = new URLSearchParams({ limit: String(limit) });
      // The page that ends below the next number, as one who scrolls asks for it.
      search.set("before", historyCursor.encode([end + 1]));
      return { path: `/v1/channels/${user.group.channelId}/messages?${search}`, credential: user.token };
    });
  }
}
