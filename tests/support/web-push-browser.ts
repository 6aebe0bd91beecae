import { createDecipheriv, createECDH, createHmac, type ECDH, randomBytes } from "node:crypto";

/** A browser's side of Web Push by node:crypto alone, written from RFC 8291 and RFC 8188. Shares no code with the sender. */
export class TestBrowser {
  readonly ecdh: ECDH;
  readonly auth: Buffer;

  constructor(privateKey?: Buffer, auth?: Buffer) {
    this.ecdh = createECDH("prime256v1");
    if (privateKey === undefined) this.ecdh.generateKeys();
    else this.ecdh.setPrivateKey(privateKey);
    this.auth = auth ?? randomBytes(16);
  }

  get keys() {
    return { p256dh: this.ecdh.getPublicKey("base64url"), auth: this.auth.toString("base64url") };
  }

  /** The text of a body with the content coding `aes128gcm`. Throws where it was not made for this browser. */
  decrypt(body: Buffer): string {
    const salt = body.subarray(0, 16);
    const recordSize = body.readUInt32BE(16);
    const keyLength = body.readUInt8(20);
    const senderPublic = body.subarray(21, 21 + keyLength);
    const record = body.subarray(21 + keyLength);
    if (record.length > recordSize || body.length > 4096) throw new Error("more than one record");

    const secret = this.ecdh.computeSecret(senderPublic);
    const keyInfo = Buffer.concat([Buffer.from("WebPush: info\0"), this.ecdh.getPublicKey(), senderPublic]);
    const input = expand(hmac(this.auth, secret), keyInfo, 32);
    const pseudoRandom = hmac(salt, input);
    const key = expand(pseudoRandom, Buffer.from("Content-Encoding: aes128gcm\0"), 16);
    const nonce = expand(pseudoRandom, Buffer.from("Content-Encoding: nonce\0"), 12);

    const decipher = createDecipheriv("aes-128-gcm", key, nonce);
    decipher.setAuthTag(record.subarray(-16));
    const padded = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()]);
    // Zeros of padding after the delimiter of the last record, 2.
    const end = padded.findLastIndex((byte) => byte !== 0);
    if (padded[end] !== 2) throw new Error("no delimiter of a last record");
    return padded.subarray(0, end).toString("utf8");
  }
}

function hmac(key: Buffer, data: Buffer): Buffer {
  return createHmac("sha256", key).update(data).digest();
}

/** One block of HKDF-Expand (RFC 5869): enough for up to 32 bytes. */
function expand(key: Buffer, info: Buffer, length: number): Buffer {
  return hmac(key, Buffer.concat([info, Buffer.of(1)])).subarray(0, length);
}
