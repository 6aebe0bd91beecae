import { KabarError, reasonOf } from "./error.ts";

/** Keeps the user's token until it is refused; asks the application for one otherwise. */
export class TokenSource {
  readonly #fetch: () => Promise<string>;
  #token: string | undefined;
  #pending: Promise<string> | undefined;

  constructor(getToken: () => Promise<string>) {
    this.#fetch = getToken;
  }

  /**
   * The current token. Calls at the same time share one fetch.
   * @throws {KabarError} TOKEN_UNAVAILABLE where the application's function failed
   */
  async get(): Promise<string> {
    if (this.#token !== undefined) return this.#token;
    this.#pending ??= this.#fetch().finally(() => {
      this.#pending = undefined;
    });
    try {
      this.#token = await this.#pending;
      return this.#token;
    } catch (error) {
      throw new KabarError("TOKEN_UNAVAILABLE", "get a token", reasonOf(error), { cause: error });
    }
  }

  /** Forgets a token that was refused; a newer one that came meanwhile stays. */
  refused(token: string | undefined): void {
    if (token === this.#token) this.#token = undefined;
  }
}
