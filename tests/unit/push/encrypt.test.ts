import { describe, expect, it } from "vitest";
import { encryptPush } from "../../../src/platform/push/encrypt.ts";
import { TestBrowser } from "../../support/web-push-browser.ts";

const bytes = (text: string) => Buffer.from(text, "base64url");

/** RFC 8291, section 5 and appendix A. */
const EXAMPLE = {
  plaintext: "When I grow up, I want to be a watermelon",
  receiverPrivate: "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94",
  receiverPublic: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
  auth: "BTBZMqHH6r4Tts7J_aSIgg",
  senderPrivate: "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
  senderPublic: "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
  salt: "DGv6ra1nlYgDCS1FRnbzlw",
  body:
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_" +
    "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
};

async function exampleKeys() {
  const point = bytes(EXAMPLE.senderPublic);
  const jwk = {
    kty: "EC",
    crv: "P-256",
    x: point.subarray(1, 33).toString("base64url"),
    y: point.subarray(33).toString("base64url"),
  };
  const curve = { name: "ECDH", namedCurve: "P-256" };
  return {
    publicKey: await crypto.subtle.importKey("jwk", jwk, curve, true, []),
    privateKey: await crypto.subtle.importKey("jwk", { ...jwk, d: EXAMPLE.senderPrivate }, curve, false, [
      "deriveBits",
    ]),
  };
}

describe("encryption of Web Push", () => {
  it("[PUSH-6] gives the bytes of the example in RFC 8291", async () => {
    const keys = { p256dh: EXAMPLE.receiverPublic, auth: EXAMPLE.auth };
    const randomness = { salt: new Uint8Array(bytes(EXAMPLE.salt)), keys: await exampleKeys() };
    const body = await encryptPush(EXAMPLE.plaintext, keys, randomness);
    expect(Buffer.from(body).toString("base64url")).toBe(EXAMPLE.body);
  });

  it("[PUSH-6] is read by an independent implementation, and never the same twice", async () => {
    const example = new TestBrowser(bytes(EXAMPLE.receiverPrivate), bytes(EXAMPLE.auth));
    expect(example.decrypt(bytes(EXAMPLE.body))).toBe(EXAMPLE.plaintext);
    const browser = new TestBrowser();
    for (const text of ["", "{}", "Zoë 🍉 أهلا", "x".repeat(3_900)]) {
      const [one, other] = [await encryptPush(text, browser.keys), await encryptPush(text, browser.keys)];
      expect(browser.decrypt(Buffer.from(one))).toBe(text);
      expect(Buffer.from(one).equals(Buffer.from(other))).toBe(false);
      expect(() => new TestBrowser().decrypt(Buffer.from(one))).toThrow();
    }
  });

  it("[PUSH-6] refuses a key that is no point of the curve", async () => {
    const { auth } = new TestBrowser().keys;
    const p256dh = Buffer.concat([Buffer.of(4), Buffer.alloc(64, 7)]).toString("base64url");
    await expect(encryptPush("x", { p256dh, auth })).rejects.toThrow();
  });
});
