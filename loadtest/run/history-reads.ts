import { historySchema } from "../../src/protocol/message.ts";
import type { Recorder } from "../measure/recorder.ts";
import { type HttpClient, HttpError, parseAnswer } from "../net/http-client.ts";
import type { LoadUser } from "./population.ts";

/** Reads of the newest page of a user's group. */
export class HistoryReads {
  readonly #limit: number;
  readonly #recorder: Recorder;
  readonly #http: HttpClient;
  readonly #open = new Set<{ dueAt: number; startedAt: number }>();

  constructor(limit: number, recorder: Recorder, http: HttpClient) {
    this.#limit = limit;
    this.#recorder = recorder;
    this.#http = http;
  }

  get outstanding(): boolean {
    return this.#open.size > 0;
  }

  async read(user: LoadUser, dueAt: number): Promise<void> {
    const { reads, history } = this.#recorder;
    const startedAt = performance.now();
    const read = { dueAt: Math.min(dueAt, startedAt), startedAt };
    this.#open.add(read);
    reads.attempted += 1;
    try {
      const path = `/v1/channels/${user.group.channelId}/messages?limit=${this.#limit}`;
      const answer = await this.#http.request({ method: "GET", path, credential: user.token });
      if (!this.#open.has(read)) return;
      history.record(read.dueAt, startedAt, answer.at);
      const page = parseAnswer(answer, historySchema);
      reads.answered += 1;
      if (page.messages.length === this.#limit) reads.fullPages += 1;
    } catch (error) {
      if (!this.#open.has(read)) return;
      reads.failed += 1;
      const code = error instanceof HttpError ? error.code : "INVALID_ANSWER";
      this.#recorder.error("history", code, error instanceof Error ? error.message : String(error));
    } finally {
      this.#open.delete(read);
    }
  }

  /** At the end: reads without an answer are failures, and count with the time that was waited for them. */
  giveUp(): void {
    const now = performance.now();
    for (const { dueAt, startedAt } of this.#open) {
      this.#recorder.history.record(dueAt, startedAt, now);
      this.#recorder.reads.failed += 1;
      this.#recorder.error("history", "NO_ANSWER", "no answer until the end");
    }
    this.#open.clear();
  }
}
