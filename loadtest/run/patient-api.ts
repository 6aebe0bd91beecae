import type { z } from "zod";
import { LoadError } from "../errors.ts";
import { type HttpClient, HttpError, type HttpRequest, parseAnswer } from "../net/http-client.ts";
import { sleep, sleepUntil } from "./clock.ts";

const MAX_RATE_LIMITED = 20;
const MAX_FAILURES = 6;

/**
 * REST calls for the setup, which is not measured: what the server asks to repeat later is repeated then. All calls
 * share one pause, so that a limit is met once and not by every call.
 */
export class PatientApi {
  readonly #http: HttpClient;
  readonly #log: (line: string) => void;
  readonly #signal: AbortSignal;
  #pauseUntil = 0;
  /** Times that the server put us off with a 429. */
  rateLimited = 0;

  constructor(http: HttpClient, log: (line: string) => void, signal: AbortSignal) {
    this.#http = http;
    this.#log = log;
    this.#signal = signal;
  }

  /** Calls, waits and calls again; the answer is checked against the contract. */
  async call<Schema extends z.ZodType>(request: HttpRequest, schema: Schema): Promise<z.infer<Schema>> {
    let rateLimited = 0;
    let failures = 0;
    for (;;) {
      await sleepUntil(this.#pauseUntil, this.#signal);
      if (this.#signal.aborted) throw new LoadError("Stopped during the setup: nothing was measured.");
      try {
        return parseAnswer(await this.#http.request(request), schema);
      } catch (error) {
        if (!(error instanceof HttpError)) throw error;
        if (error.status === 429 && ++rateLimited <= MAX_RATE_LIMITED) this.#pause(error.retryAfterSeconds ?? 1);
        else if ((error.status === 0 || error.status >= 500) && ++failures <= MAX_FAILURES) {
          await sleep((error.retryAfterSeconds ?? 0.1 * 2 ** failures) * 1000, this.#signal);
        } else {
          const text = `unable to ${request.method} ${request.path}; because ${error.code}: ${error.message}`;
          throw new LoadError(text, { cause: error });
        }
      }
    }
  }

  #pause(seconds: number): void {
    this.rateLimited += 1;
    const now = performance.now();
    if (this.#pauseUntil <= now) this.#log(`the server limits requests; waiting ${seconds} s`);
    this.#pauseUntil = Math.max(this.#pauseUntil, now + seconds * 1000);
  }
}
