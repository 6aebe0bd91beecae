import { backoffDelay } from "./backoff.ts";
import { errorOfResponse, KabarError, reasonOf } from "./error.ts";
import type { TokenSource } from "./token.ts";

const MAX_TRIES = 3;
const RETRY_BASE_MS = 500;
/** Seconds. A longer `Retry-After` is the caller's to decide on. */
const LONGEST_WAIT = 5;

export interface HttpRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path and query under the base URL. */
  path: string;
  body?: unknown;
  /** What the caller wants, for the error text: "read the history". */
  action: string;
}

/** Authorised JSON calls. Every call of the contract is safe to repeat, so passing failures are tried again. */
export class Http {
  readonly #baseUrl: string;
  readonly #tokens: TokenSource;
  readonly fetch: typeof fetch;

  constructor(baseUrl: string, tokens: TokenSource, fetchFunction: typeof fetch) {
    this.#baseUrl = baseUrl;
    this.#tokens = tokens;
    this.fetch = fetchFunction;
  }

  /**
   * Calls and returns the answer's JSON (undefined where it is empty).
   * @throws {KabarError} after three tries of a passing failure, or one new token
   */
  async json<Result>(request: HttpRequest): Promise<Result> {
    for (let tries = 1; ; tries += 1) {
      const token = await this.#tokens.get();
      try {
        return await this.#once<Result>(request, token);
      } catch (error) {
        if (!(error instanceof KabarError) || tries >= MAX_TRIES) throw error;
        if (error.code === "UNAUTHORIZED" && tries === 1) this.#tokens.refused(token);
        else if (!error.retryable || (error.retryAfter ?? 0) > LONGEST_WAIT) throw error;
        else await sleep((error.retryAfter ?? 0) * 1000 + backoffDelay(tries, RETRY_BASE_MS, 5_000));
      }
    }
  }

  async #once<Result>({ method, path, body, action }: HttpRequest, token: string): Promise<Result> {
    const headers: Record<string, string> = { authorization: `Bearer ${token}` };
    if (body !== undefined) headers["content-type"] = "application/json";
    const text = body === undefined ? undefined : JSON.stringify(body);
    // An answer may break off after its beginning has come.
    const failed = (error: unknown): never => {
      throw new KabarError("NETWORK_ERROR", action, reasonOf(error), { cause: error });
    };
    const response = await this.fetch(this.#baseUrl + path, { method, headers, body: text }).catch(failed);
    if (!response.ok) throw await errorOfResponse(action, response);
    const answer = await response.text().catch(failed);
    return (answer === "" ? undefined : JSON.parse(answer)) as Result;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
