import { type History, historySchema } from "../../src/protocol/message.ts";
import type { LatencySeries } from "../measure/latency.ts";
import type { Recorder } from "../measure/recorder.ts";
import type { CountingClient } from "../net/counting-client.ts";
import { type HttpClient, HttpError, parseAnswer } from "../net/http-client.ts";
import type { LoadUser } from "./population.ts";

/** Where what a page took is kept. */
export type ReadTimes = Pick<LatencySeries, "record">;

interface Read {
  dueAt: number;
  startedAt: number;
  series: ReadTimes;
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
    series: ReadTimes,
  ): Promise<History | undefined> {
    const path = this.#pathOf(user, query);
    return this.#timed(dueAt, series, async () => {
      const answer = await this.#http.request({ method: "GET", path, credential: user.token });
      const check = () => {
        const page = parseAnswer(answer, historySchema());
        return { page, messages: page.messages.length };
      };
      return { at: answer.at, check };
    });
  }

  /**
   * The same, of which no more is looked at than how many messages there are and where it goes on: what checking takes of the processor is
   * the server's, where the two share it.
   *
   * @param client counts `MESSAGE_IN_PAGE`
   */
  async countedPage(
    client: CountingClient,
    user: LoadUser,
    query: Record<string, string>,
    dueAt: number,
    series: ReadTimes,
  ): Promise<Pick<History, "next_cursor"> | undefined> {
    const path = this.#pathOf(user, query);
    return this.#timed(dueAt, series, async () => {
      const { count, end } = await client.get(path, user.token);
      const check = () => {
        const found = /"next_cursor":(null|"[^"]*")/.exec(end.toString("latin1"))?.[1];
        if (found === undefined) throw new HttpError("INVALID_ANSWER", "a page does not say where it goes on");
        return { page: { next_cursor: JSON.parse(found) as string | null }, messages: count };
      };
      return { at: performance.now(), check };
    });
  }

  #pathOf(user: LoadUser, query: Record<string, string>): string {
    return `/v1/channels/${user.group.channelId}/messages?${new URLSearchParams({ limit: String(this.#limit), ...query })}`;
  }

  /** @param ask resolves when the answer is there; what `check` takes is not part of the time */
  async #timed<Page>(
    dueAt: number,
    series: ReadTimes,
    ask: () => Promise<{ at: number; check(): { page: Page; messages: number } }>,
  ): Promise<Page | undefined> {
    const { reads } = this.#recorder;
    const startedAt = performance.now();
    const read = { dueAt: Math.min(dueAt, startedAt), startedAt, series };
    this.#open.add(read);
    reads.attempted += 1;
    try {
      const { at, check } = await ask();
      if (!this.#open.has(read)) return undefined;
      series.record(read.dueAt, startedAt, at);
      const { page, messages } = check();
      reads.answered += 1;
      if (messages === this.#limit) reads.fullPages += 1;
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
