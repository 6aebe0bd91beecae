/** Which kind of key: both see the same data, the word only tells people apart what they paste where. */
export type KeyMode = "live" | "test";

/** A workspace key as the caller presents it. */
export interface PresentedKey {
  /** The public half, `pk_…`. */
  id: string;
  /** The secret half, `sk_…`. Never stored, never logged. */
  secret: string;
}

const KEY_FORM = /^(pk_(live|test)_[A-Za-z0-9]{8,64}):(sk_(live|test)_[A-Za-z0-9]{8,128})$/;

/** Parses `pk_<mode>_…:sk_<mode>_…`; undefined where it is no such pair or its halves are of two modes. */
export function parseWorkspaceKey(text: string): PresentedKey | undefined {
  const [, id, mode, secret, secretMode] = KEY_FORM.exec(text) ?? [];
  if (id === undefined || secret === undefined || mode !== secretMode) return undefined;
  return { id, secret };
}

/** A fresh pair; the secret has 256 bits of entropy. */
export function generateWorkspaceKey(mode: KeyMode): PresentedKey {
  return { id: `pk_${mode}_${randomHex(12)}`, secret: generateSecret(mode) };
}

/** A fresh secret half of a mode. */
export function generateSecret(mode: KeyMode): string {
  return `sk_${mode}_${randomHex(32)}`;
}

/** The mode that is written into a public half. */
export function modeOfKey(id: string): KeyMode {
  return id.startsWith("pk_test_") ? "test" : "live";
}

/** What is stored of a secret: SHA-256, hex. With 256 random bits a slow hash would only slow the server. */
export async function hashSecret(secret: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret));
  return toHex(new Uint8Array(digest));
}

/** Compares two texts in a time that depends on their length only. */
export function equalInConstantTime(left: string, right: string): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let index = 0; index < left.length; index++) difference |= left.charCodeAt(index) ^ right.charCodeAt(index);
  return difference === 0;
}

function randomHex(bytes: number): string {
  return toHex(crypto.getRandomValues(new Uint8Array(bytes)));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
