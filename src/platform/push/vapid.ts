import { base64url, importJWK, SignJWT } from "jose";
import { BoundedMap } from "../bounded-map.ts";
import type { VapidSettings } from "./settings.ts";

/** Push services take at most 24 h. */
const LIFETIME_MS = 12 * 3_600_000;
/** A header is used again until this long before its end. */
const MARGIN_MS = 3_600_000;

/** Tells push services who sends: Voluntary Application Server Identification (RFC 8292). */
export class Vapid {
  readonly #settings: VapidSettings;
  readonly #headers = new BoundedMap<string, { text: string; endsAt: number }>(100);

  constructor(settings: VapidSettings) {
    this.#settings = settings;
  }

  /** The Authorization header for a push service, by its origin. */
  async authorization(origin: string): Promise<string> {
    const now = Date.now();
    const known = this.#headers.get(origin);
    if (known !== undefined && known.endsAt - MARGIN_MS > now) return known.text;
    const endsAt = now + LIFETIME_MS;
    const token = await new SignJWT()
      .setProtectedHeader({ alg: "ES256", typ: "JWT" })
      .setAudience(origin)
      .setExpirationTime(Math.floor(endsAt / 1000))
      .setSubject(this.#settings.subject)
      .sign(await this.#key());
    const text = `vapid t=${token}, k=${this.#settings.publicKey}`;
    this.#headers.set(origin, { text, endsAt });
    return text;
  }

  #key() {
    const { publicKey, privateKey } = this.#settings;
    // An uncompressed point: the octet 4, then both coordinates.
    const point = base64url.decode(publicKey);
    const [x, y] = [base64url.encode(point.slice(1, 33)), base64url.encode(point.slice(33, 65))];
    return importJWK({ kty: "EC", crv: "P-256", x, y, d: privateKey }, "ES256");
  }
}
