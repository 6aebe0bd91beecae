import { type History, historySchema } from "../../src/protocol/message.ts";
import type { LatencySeries } from "../measure/latency.ts";
import type { Recorder } from "../measure/recorder.ts";
import { type HttpClient, HttpError, parseAnswer } from "../net/http-client.ts";
import type { LoadUser } from "./population.ts";

interface Read {
  dueAt: number;
  startedAt: number;
  series: LatencySeries;
}

/** Reads of pages of a user's group. */
export class HistoryReads {
  readonly #limit: number;
  readonly #recorder: Recorder;
  readonly #http: HttpClient;
  readonly #open = new Set<Read>();

  constructor(limit: number, recorder: Recorder, http: HttpClient) {
    this.#limit = limit;
    this.#recorder = recorder;
    this.#http = http;
  }

  get outstanding(): boolean {
    return this.#open.size > 0;
  }

  /** The newest page. */
  async read(user: LoadUser, dueAt: number): Promise<void> {
    await this.page(user, {}, dueAt, this.#recorder.history);
  }

  /**
   * One page, timed into `series`; undefined where it failed.
   *
   * @param query `before` or `around` of the contract; nothing for the newest page
   */
  async page(
    user: LoadUser,
    query: Record<string, string>,
    dueAt: number,
    series: LatencySeries,
  ): Promise<History | undefined> {
    const { reads } = this.#recorder;
    const startedAt = performance.now();
    const read = { dueAt: Math.min(dueAt, startedAt), startedAt, series };
    this.#open.add(read);
    reads.attempted += 1;
    try {
      const search = new URLSearchParams({ limit: String(this.#limit), ...query });
      const path = `/v1/channels/${user.group.channelId}/messages?${search}`;
      const answer = await this.#http.request({ method: "GET", path, credential: user.token });
      if (!this.#open.has(read)) return undefined;
      series.record(read.dueAt, startedAt, answer.at);
      const page = parseAnswer(answer, historySchema());
      reads.answered += 1;
      if (page.messages.length === this.#limit) reads.fullPages += 1;
      return page;
    } catch (error) {
      if (!this.#open.has(read)) return undefined;
      reads.failed += 1;
      const code = error instanceof HttpError ? error.code : "INVALID_ANSWER";
      this.#recorder.error("history", code, error instanceof Error ? error.message : String(error));
      return undefined;
    } finally {
      this.#open.delete(read);
    }
  }

  /** At the end: reads without an answer are failures, and count with the time that was waited for them. */
  giveUp(): void {
    const now = performance.now();
    for (const { dueAt, startedAt, series } of this.#open) {
      series.record(dueAt, startedAt, now);
      this.#recorder.reads.failed += 1;
      this.#recorder.error("history", "NO_ANSWER", "no answer until the end");
    }
    this.#open.clear();
  }
}
