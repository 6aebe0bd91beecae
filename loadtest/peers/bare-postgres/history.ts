import { LoadError } from "../../errors.ts";
import { prepareLongChannel } from "../../run/long-channel.ts";
import type { PatientApi } from "../../run/patient-api.ts";
import type { LoadTarget } from "../../target.ts";
import { openPageReader } from "../measure/page-reader.ts";
import type { HistoryReader, PeerHistory } from "../peer.ts";

const PAGE = 50;

/** Kabar's long channel, in Kabar's own table, read by a Worker that does nothing but ask for it. */
export class BarePostgresHistory implements PeerHistory {
  readonly #base: URL;
  readonly #api: PatientApi;
  readonly #target: LoadTarget;
  #messages = 0;
  #channelId = "";

  /** @param base where the bare Worker answers; `api` and `target` are of the stack that makes the channel */
  constructor(base: URL, api: PatientApi, target: LoadTarget) {
    this.#base = base;
    this.#api = api;
    this.#target = target;
  }

  async fill(messages: number): Promise<void> {
    const setting = { api: this.#api, target: this.#target, log: () => {}, scenario: { seconds: 60 } };
    const { readers } = await prepareLongChannel(setting, { messages, readers: 1 });
    const channelId = readers[0]?.group.channelId;
    if (channelId === undefined) throw new LoadError("the long channel has no member");
    this.#channelId = channelId;
    this.#messages = messages;
  }

  async openReader(): Promise<HistoryReader> {
    return openPageReader(this.#base, (place, limit) => {
      if (limit !== PAGE) throw new LoadError(`the bare Worker's pages are of ${PAGE}`);
      const before = Math.round(place * this.#messages) + 1;
      return { path: `/page?channel=${this.#channelId}&before=${before}` };
    });
  }
}
