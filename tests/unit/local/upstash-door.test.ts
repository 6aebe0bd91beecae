import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Ratelimit } from "@upstash/ratelimit";
import { Redis } from "@upstash/redis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Door } from "../../../src/local/door.ts";
import { hasRedisServer, LocalRedis, type RedisKind } from "../../../src/local/redis.ts";
import { StateFile } from "../../../src/local/state.ts";
import { openUpstashDoor } from "../../../src/local/upstash-door.ts";

const TOKEN = "a-token-for-the-test";
const ABSENT = "f".repeat(40);
const kinds: RedisKind[] = ["redis-server", "ioredis-mock"];

for (const kind of kinds) {
  const missing = kind === "redis-server" && !hasRedisServer();
  if (missing) console.log("redis-server is not on the PATH: its half of these tests is skipped");

  describe.skipIf(missing)(`Upstash's clients through the door to ${kind}`, () => {
    const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), "kabar-unit-"));
    let local: LocalRedis;
    let door: Door;
    let redis: Redis;

    beforeAll(async () => {
      local = new LocalRedis(dataDir, new StateFile(dataDir), kind);
      await local.start();
      door = await openUpstashDoor({ port: 0, token: TOKEN, engine: local.engine });
      redis = new Redis({ url: `http://127.0.0.1:${door.port}`, token: TOKEN, retry: false });
    });

    afterAll(async () => {
      await door?.close();
      await local?.stop();
      fs.rmSync(dataDir, { recursive: true, force: true });
    });

    test("single commands", async () => {
      expect(await redis.ping()).toBe("PONG");
      expect(await redis.set("text", "héllo 😀")).toBe("OK");
      expect(await redis.get("text")).toBe("héllo 😀");
      expect(await redis.get("absent")).toBeNull();
      expect(await redis.incrby("count", 5)).toBe(5);
      await redis.hset("hash", { a: 1, b: "two" });
      expect(await redis.hgetall("hash")).toEqual({ a: 1, b: "two" });
      await redis.zadd("sorted", { score: 1.5, member: "x" }, { score: 2, member: "y" });
      expect(await redis.zrange("sorted", 0, -1, { withScores: true })).toEqual(["x", 1.5, "y", 2]);
      expect(await redis.set("object", { deep: [1, 2] }, { ex: 60 })).toBe("OK");
      expect(await redis.get("object")).toEqual({ deep: [1, 2] });
    });

    test("pipeline: one answer each, an error among them too", async () => {
      const results = await redis.pipeline().set("p", 1).incr("p").get("p").exec();
      expect(results).toEqual(["OK", 2, 2]);
      const mixed = await redis.pipeline().set("s", "text").evalsha(ABSENT, [], []).exec({ keepErrors: true });
      expect(mixed[0]).toMatchObject({ result: "OK" });
      expect(mixed[1]?.error).toMatch(/NOSCRIPT/);
    });

    test("multi-exec", async () => {
      expect(await redis.multi().set("m", 1).incr("m").get("m").exec()).toEqual(["OK", 2, 2]);
    });

    test("an error of Redis is status 400 with its text", async () => {
      await expect(redis.evalsha(ABSENT, [], [])).rejects.toThrow(/NOSCRIPT/);
    });

    test("scripts: EVALSHA says NOSCRIPT first, EVAL loads, then EVALSHA runs", async () => {
      const script = redis.createScript<number>("return redis.call('INCRBY', KEYS[1], ARGV[1])");
      expect(await script.exec(["scripted"], ["3"])).toBe(3);
      expect(await script.exec(["scripted"], ["3"])).toBe(6);
    });

    test("a sliding window lets through what it should", async () => {
      const limiter = new Ratelimit({ redis, limiter: Ratelimit.slidingWindow(5, "60 s"), ephemeralCache: false });
      const results = [];
      for (let turn = 0; turn < 7; turn++) results.push((await limiter.limit("one")).success);
      expect(results).toEqual([true, true, true, true, true, false, false]);
      expect((await limiter.limit("two")).remaining).toBe(4);
      expect((await limiter.getRemaining("two")).remaining).toBe(4);
    });

    test("a sliding window takes a block at a time with `rate`", async () => {
      const limiter = new Ratelimit({
        redis,
        limiter: Ratelimit.slidingWindow(10, "60 s"),
        ephemeralCache: false,
        prefix: "block",
      });
      expect(await limiter.limit("one", { rate: 8 })).toMatchObject({ success: true, remaining: 2 });
      expect(await limiter.limit("one", { rate: 1 })).toMatchObject({ success: true, remaining: 1 });
    });

    test("a fixed window", async () => {
      const limiter = new Ratelimit({
        redis,
        limiter: Ratelimit.fixedWindow(2, "60 s"),
        ephemeralCache: false,
        prefix: "fixed",
      });
      const results = [];
      for (let turn = 0; turn < 3; turn++) results.push((await limiter.limit("one")).success);
      expect(results).toEqual([true, true, false]);
    });

    test("a wrong token is refused", async () => {
      const stranger = new Redis({ url: `http://127.0.0.1:${door.port}`, token: "wrong", retry: false });
      await expect(stranger.get("text")).rejects.toThrow(/WRONGPASS/);
    });

    test("stopped it is an error, started again it works", async () => {
      await local.stop();
      await expect(redis.get("text")).rejects.toThrow();
      await local.start();
      expect(await redis.get("text")).toBeNull();
      expect(await redis.set("text", "new")).toBe("OK");
    });
  });
}
