import { type CryptoKey, jwtVerify, SignJWT } from "jose";
import { v7 as uuidv7 } from "uuid";
import { type Token, type TokenClaims, tokenClaimsSchema } from "../protocol/token.ts";
import { BoundedMap } from "./bounded-map.ts";

const ALGORITHM = "HS256";
/** Verified tokens that an isolate remembers. */
const REMEMBERED = 5_000;

export interface TokenSettings {
  secret: string;
  issuer: string;
  ttlSeconds: number;
}

/** Signs and checks user tokens. One per isolate: it keeps the imported key and what it has verified. */
export class Tokens {
  readonly #settings: TokenSettings;
  readonly #verified = new BoundedMap<string, TokenClaims>(REMEMBERED);
  #key: CryptoKey | undefined;

  constructor(settings: TokenSettings) {
    this.#settings = settings;
  }

  /** A token of a user (internal ids) for `ttlSeconds`, by default the deployment's. */
  async sign(workspaceId: string, userId: string, ttlSeconds = this.#settings.ttlSeconds): Promise<Token> {
    const issuedAt = Math.floor(Date.now() / 1000);
    const expiresAt = issuedAt + Math.floor(ttlSeconds);
    const token = await new SignJWT({ ws: workspaceId })
      .setProtectedHeader({ alg: ALGORITHM, typ: "JWT" })
      .setIssuer(this.#settings.issuer)
      .setSubject(userId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt)
      .setJti(uuidv7())
      .sign(await this.#importKey());
    return { token, expires_at: new Date(expiresAt * 1000).toISOString() };
  }

  /**
   * The claims of a token that is ours and has not expired; undefined for any other text, whatever is wrong with it.
   *
   * @param remembers false for a token that is shown once for a long time: remembering one takes 0.6 KB
   */
  async verify(token: string, remembers = true): Promise<TokenClaims | undefined> {
    const known = this.#verified.get(token);
    if (known !== undefined) return known.exp * 1000 > Date.now() ? known : undefined;
    const claims = await this.#check(token);
    if (claims !== undefined && remembers) this.#verified.set(token, claims);
    return claims;
  }

  async #check(token: string): Promise<TokenClaims | undefined> {
    try {
      const { payload } = await jwtVerify(token, await this.#importKey(), {
        algorithms: [ALGORITHM],
        issuer: this.#settings.issuer,
      });
      return tokenClaimsSchema().safeParse(payload).data;
    } catch {
      return undefined;
    }
  }

  async #importKey(): Promise<CryptoKey> {
    this.#key ??= await crypto.subtle.importKey(
      "raw",
      new TextEncoder().encode(this.#settings.secret),
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["sign", "verify"],
    );
    return this.#key;
  }
}
