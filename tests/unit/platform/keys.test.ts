import { afterEach, describe, expect, it, vi } from "vitest";
import { KeyRing } from "../../../src/platform/key-ring.ts";
import {
  equalInConstantTime,
  generateWorkspaceKey,
  hashSecret,
  modeOfKey,
  parseWorkspaceKey,
} from "../../../src/platform/keys.ts";

describe("workspace keys", () => {
  it("[AUTH-3] parses a pair of one mode and nothing else", () => {
    const key = generateWorkspaceKey("test");
    expect(parseWorkspaceKey(`${key.id}:${key.secret}`)).toEqual(key);
    expect(modeOfKey(key.id)).toBe("test");
    for (const wrong of [
      key.id,
      `${key.id}:`,
      `${key.id}:${generateWorkspaceKey("live").secret}`,
      `x${key.id}:${key.secret}`,
    ]) {
      expect(parseWorkspaceKey(wrong)).toBeUndefined();
    }
  });

  it("[AUTH-6] keeps a hash that does not contain the secret, and compares all of it", async () => {
    const { secret } = generateWorkspaceKey("live");
    const hash = await hashSecret(secret);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(hash).not.toContain(secret.slice(8));
    expect(equalInConstantTime(hash, await hashSecret(secret))).toBe(true);
    expect(equalInConstantTime(hash, `${hash.slice(0, -1)}x`)).toBe(false);
    expect(equalInConstantTime(hash, hash.slice(0, -1))).toBe(false);
  });
});

describe("the key ring", () => {
  const key = generateWorkspaceKey("live");
  const start = Date.UTC(2030, 0, 1);

  async function rig() {
    vi.useFakeTimers({ now: start, toFake: ["Date"] });
    const record = { workspaceId: "w", secretHash: await hashSecret(key.secret), locationHint: null };
    const state = { lookups: 0, isDown: false, record };
    const ring = new KeyRing();
    const background: Promise<unknown>[] = [];
    const lookup = async () => {
      state.lookups++;
      if (state.isDown) throw new Error("down");
      return state.record;
    };
    const check = () => ring.check(key, lookup, (work) => background.push(work));
    const at = (seconds: number) => vi.setSystemTime(start + seconds * 1000);
    return { ring, state, check, at, settle: () => Promise.all(background) };
  }

  afterEach(() => vi.useRealTimers());

  it("asks once, refreshes behind a request after 15 s, in front of it after 30 s", async () => {
    const { state, check, at, settle } = await rig();
    expect(await check()).toEqual({ kind: "workspace", workspaceId: "w", keyId: key.id, locationHint: undefined });
    at(14);
    await check();
    expect(state.lookups).toBe(1);
    at(20);
    await Promise.all([check(), check()]);
    await settle();
    expect(state.lookups).toBe(2);
    at(51);
    await check();
    expect(state.lookups).toBe(3);
  });

  it("[AUTH-6] refuses a rotated secret after 30 s at the latest", async () => {
    const { state, check, at } = await rig();
    await check();
    state.record = { ...state.record, secretHash: await hashSecret("another") };
    at(31);
    expect(await check()).toBeUndefined();
  });

  it("[AUTH-6] keeps a known key for 5 min while the database is away, without asking each time", async () => {
    const { state, check, at } = await rig();
    await check();
    state.isDown = true;
    at(60);
    expect(await check()).toBeDefined();
    expect(await check()).toBeDefined();
    expect(state.lookups).toBe(2);
    at(301);
    await expect(check()).rejects.toThrow("down");
  });
});
