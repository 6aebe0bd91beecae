import { importPKCS8, SignJWT } from "jose";
import * as z from "zod";
import { post } from "./http.ts";
import type { FcmSettings } from "./settings.ts";

const SCOPE = "https://www.googleapis.com/auth/firebase.messaging";
/** Seconds before its end at which an access token is no longer used. */
const MARGIN_SECONDS = 60;

const answerSchema = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });

/**
 * Access tokens of a Google service account: a signed assertion against a token (RFC 7523), kept in memory until shortly
 * before it ends.
 */
export class AccessTokens {
  readonly #settings: FcmSettings;
  #token: { text: string; endsAt: number } | undefined;
  #running: Promise<string> | undefined;

  constructor(settings: FcmSettings) {
    this.#settings = settings;
  }

  /** A token that is good for a minute at least. Throws where none is to be had. */
  async get(now: number): Promise<string> {
    if (this.#token !== undefined && this.#token.endsAt > now) return this.#token.text;
    this.#running ??= this.#fetch().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Forgets a token that was refused. */
  forget(text: string): void {
    if (this.#token?.text === text) this.#token = undefined;
  }

  async #fetch(): Promise<string> {
    const { account, oauthUrl } = this.#settings;
    const key = await importPKCS8(account.private_key, "RS256");
    const assertion = await new SignJWT({ scope: SCOPE })
      .setProtectedHeader({ alg: "RS256", typ: "JWT", ...(account.private_key_id && { kid: account.private_key_id }) })
      .setIssuer(account.client_email)
      .setAudience(account.token_uri)
      .setIssuedAt()
      .setExpirationTime("1h")
      .sign(key);
    const body = new URLSearchParams({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion });
    const answer = await post(oauthUrl, { "content-type": "application/x-www-form-urlencoded" }, body.toString());
    if (answer.status !== 200) throw new TokenRefused(`status ${answer.status}`);
    const { access_token: text, expires_in: seconds } = answerSchema.parse(JSON.parse(answer.text));
    this.#token = { text, endsAt: Date.now() + (seconds - MARGIN_SECONDS) * 1000 };
    return text;
  }
}

/** Google gives no access token to this service account. */
export class TokenRefused extends Error {
  override name = "TokenRefused";
}
