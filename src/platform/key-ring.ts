import type { WorkspaceCaller } from "../domain/access.ts";
import { BoundedMap } from "./bounded-map.ts";
import { equalInConstantTime, hashSecret, type PresentedKey } from "./keys.ts";

/** Milliseconds after which a remembered key is read again beside the request, and in front of it. */
const REFRESH_AFTER_MS = 15_000;
const EXPIRES_AFTER_MS = 30_000;
/** While Postgres is away a key that was known goes on working for so long, so that an outage stops no send. */
const KEPT_IN_OUTAGE_MS = 5 * 60_000;
/** In an outage, milliseconds between two attempts to read a key again. */
const OUTAGE_RETRY_MS = 5_000;
const REMEMBERED = 1_000;

export interface KeyRecord {
  workspaceId: string;
  secretHash: string;
  locationHint: string | null;
}

/** Reads a key by its public half. */
export type KeyLookup = (keyId: string) => Promise<KeyRecord | undefined>;

interface Remembered {
  record: KeyRecord;
  readAt: number;
  refreshAt: number;
  isRefreshing: boolean;
}

/** Checks workspace keys, remembering them in the isolate for at most 30 s. */
export class KeyRing {
  readonly #remembered = new BoundedMap<string, Remembered>(REMEMBERED);

  /** True where `check` needs no look-up before it can answer. */
  knows(keyId: string): boolean {
    const known = this.#remembered.get(keyId);
    return known !== undefined && Date.now() < known.readAt + EXPIRES_AFTER_MS;
  }

  /**
   * Whose key this is; undefined for an unknown public half or a wrong secret.
   * @throws what `lookup` throws, for a key that is not remembered
   */
  async check(
    key: PresentedKey,
    lookup: KeyLookup,
    waitUntil: (work: Promise<unknown>) => void,
  ): Promise<WorkspaceCaller | undefined> {
    const [record, hash] = await Promise.all([this.#recordOf(key.id, lookup, waitUntil), hashSecret(key.secret)]);
    if (record === undefined || !equalInConstantTime(record.secretHash, hash)) return undefined;
    const { workspaceId, locationHint } = record;
    return { kind: "workspace", workspaceId, keyId: key.id, locationHint: locationHint ?? undefined };
  }

  async #recordOf(
    keyId: string,
    lookup: KeyLookup,
    waitUntil: (work: Promise<unknown>) => void,
  ): Promise<KeyRecord | undefined> {
    const known = this.#remembered.get(keyId);
    const now = Date.now();
    if (known === undefined) return this.#read(keyId, lookup);
    if (now < known.refreshAt) return known.record;
    if (now < known.readAt + EXPIRES_AFTER_MS) {
      if (!known.isRefreshing) {
        known.isRefreshing = true;
        waitUntil(this.#read(keyId, lookup).catch(() => this.#postpone(known)));
      }
      return known.record;
    }
    try {
      return await this.#read(keyId, lookup);
    } catch (error) {
      if (now > known.readAt + KEPT_IN_OUTAGE_MS) throw error;
      this.#postpone(known);
      return known.record;
    }
  }

  #postpone(known: Remembered): void {
    known.isRefreshing = false;
    known.refreshAt = Date.now() + OUTAGE_RETRY_MS;
  }

  async #read(keyId: string, lookup: KeyLookup): Promise<KeyRecord | undefined> {
    const record = await lookup(keyId);
    const now = Date.now();
    if (record === undefined) this.#remembered.delete(keyId);
    else this.#remembered.set(keyId, { record, readAt: now, refreshAt: now + REFRESH_AFTER_MS, isRefreshing: false });
    return record;
  }
}
