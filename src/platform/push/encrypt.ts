import { base64url } from "jose";
import { concatBytes } from "../../domain/bytes.ts";

const P256 = { name: "ECDH", namedCurve: "P-256" } as const;
/** Size of a record. One is enough: push services take 4096 bytes at most. */
const RECORD_BYTES = 4096;

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

interface KeyPair {
  publicKey: Key;
  privateKey: Key;
}

/** What is random about one encryption; given only to reproduce a published example. */
export interface Randomness {
  salt: Uint8Array<ArrayBuffer>;
  keys: KeyPair;
}

/**
 * Encrypts a push for one browser: Message Encryption for Web Push (RFC 8291) with the content coding `aes128gcm`
 * (RFC 8188), as a single record. Throws where the subscription's key is no point of the curve.
 *
 * @param keys the subscription's, base64url
 */
export async function encryptPush(
  plaintext: string,
  keys: { p256dh: string; auth: string },
  randomness?: Randomness,
): Promise<Uint8Array<ArrayBuffer>> {
  const receiverPublic = bytesOf(keys.p256dh);
  const receiverKey = await crypto.subtle.importKey("raw", receiverPublic, P256, false, []);
  const own = randomness?.keys ?? ((await crypto.subtle.generateKey(P256, false, ["deriveBits"])) as KeyPair);
  const salt = randomness?.salt ?? randomBytes(16);
  const ownPublic = new Uint8Array((await crypto.subtle.exportKey("raw", own.publicKey)) as ArrayBuffer);
  const agreement = { name: "ECDH", public: receiverKey };
  const shared = await crypto.subtle.deriveBits(agreement, own.privateKey, 256);

  // RFC 8291, section 3.4: the shared secret is bound to the authentication secret and to both public keys.
  const keyInfo = concatBytes([utf8("WebPush: info\0"), receiverPublic, ownPublic]);
  const input = await hkdf(shared, bytesOf(keys.auth), keyInfo, 32);
  const contentKey = await hkdf(input, salt, utf8("Content-Encoding: aes128gcm\0"), 16);
  const nonce = await hkdf(input, salt, utf8("Content-Encoding: nonce\0"), 12);

  const key = await crypto.subtle.importKey("raw", contentKey, "AES-GCM", false, ["encrypt"]);
  // The octet 2 ends the last record's content (RFC 8188, section 2).
  const content = concatBytes([utf8(plaintext), Uint8Array.of(2)]);
  const record = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce }, key, content);

  const sizes = new Uint8Array(5);
  new DataView(sizes.buffer).setUint32(0, RECORD_BYTES);
  sizes[4] = ownPublic.byteLength;
  return concatBytes([salt, sizes, ownPublic, new Uint8Array(record)]);
}

async function hkdf(
  secret: ArrayBuffer,
  salt: Uint8Array<ArrayBuffer>,
  info: Uint8Array<ArrayBuffer>,
  length: number,
): Promise<ArrayBuffer> {
  const key = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  return crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, key, length * 8);
}

function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  crypto.getRandomValues(bytes);
  return bytes;
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new TextEncoder().encode(text));
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(base64url.decode(text));
}
