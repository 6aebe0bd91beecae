const PREFIX = "whsec_";
const SECRET_BYTES = 32;
const encoder = new TextEncoder();

/** A fresh secret: `whsec_` and 256 random bits in base64, the form of standardwebhooks.com. */
export function generateHookSecret(): string {
  return PREFIX + toBase64(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
}

/**
 * The headers of a signed request, in both families at once:
 *
 * - `X-Cariosan-Signature: sha256=<hex>`, HMAC-SHA256 of the raw body; the key is the whole secret as shown, `whsec_`
 *   included, as UTF-8.
 * - `webhook-signature: v1,<base64>` of standardwebhooks.com, HMAC-SHA256 of `<webhook-id>.<webhook-timestamp>.<body>`;
 *   the key is what follows `whsec_`, decoded from base64.
 *
 * Without a secret the headers name the event and the time and sign nothing.
 *
 * @param at unix milliseconds
 */
export async function hookHeaders(hook: {
  secret: string | undefined;
  eventId: string;
  event: string;
  body: string;
  at: number;
}): Promise<Record<string, string>> {
  const { secret, eventId, event, body, at } = hook;
  const timestamp = String(Math.floor(at / 1000));
  const headers = {
    "x-cariosan-event": event,
    "x-cariosan-event-id": eventId,
    "x-cariosan-timestamp": timestamp,
    "webhook-id": eventId,
    "webhook-timestamp": timestamp,
  };
  if (secret === undefined) return headers;
  const [ofBody, ofAll] = await Promise.all([
    hmac(encoder.encode(secret), body),
    hmac(fromBase64(secret.slice(PREFIX.length)), `${eventId}.${timestamp}.${body}`),
  ]);
  return {
    ...headers,
    "x-cariosan-signature": `sha256=${toHex(ofBody)}`,
    "webhook-signature": `v1,${toBase64(ofAll)}`,
  };
}

async function hmac(keyBytes: Parameters<typeof crypto.subtle.importKey>[1], text: string): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey("raw", keyBytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
