import { messageOf, StackError } from "./errors.ts";
import type { Part, PartContext } from "./part.ts";
import { rememberedPort } from "./port-of.ts";
import { LocalRedis } from "./redis.ts";
import { pingRedis, RedisClient } from "./redis-client.ts";
import type { RedisEngine } from "./redis-engine.ts";
import { openUpstashDoor } from "./upstash-door.ts";

/** Starts the local Redis with Upstash's door in front of it, or uses what the settings name instead. */
export async function startRedis(context: PartContext): Promise<Part> {
  const { KABAR_REDIS_URL: url, UPSTASH_REDIS_REST_URL: upstashUrl, UPSTASH_REDIS_REST_TOKEN: token } = context.env;
  if (url) return startReplacement(context, url);
  if (upstashUrl && token) return useUpstash(upstashUrl, token);
  return startLocal(context);
}

async function startLocal(context: PartContext): Promise<Part> {
  const wanted = context.env.KABAR_REDIS_ENGINE;
  const redis = new LocalRedis(
    context.dataDir,
    context.state,
    wanted === "redis-server" || wanted === "ioredis-mock" ? wanted : undefined,
  );
  await redis.start();
  context.log(`Redis: ${redis.kind}`);
  const door = await openDoorTo(context, redis.engine);
  return {
    vars: door.vars,
    stop: () => redis.stop(),
    start: () => redis.start(),
    close: async () => {
      await door.close();
      await redis.stop();
    },
  };
}

/** Somebody else's Redis: an outage is made by letting the door answer nothing but errors. */
async function startReplacement(context: PartContext, url: string): Promise<Part> {
  try {
    await pingRedis(url);
  } catch (error) {
    throw new StackError(
      `The Redis in KABAR_REDIS_URL does not answer (${messageOf(error)}): start it or correct the address, or unset the variable to use the built-in one.`,
    );
  }
  const client = new RedisClient(url);
  let isAway = false;
  const guarded = <T>(run: () => Promise<T>): Promise<T> =>
    isAway ? Promise.reject(new Error("Redis is stopped")) : run();
  const engine: RedisEngine = {
    call: (command) => guarded(() => client.call(command)),
    transaction: (commands) => guarded(() => client.transaction(commands)),
    close: () => client.close(),
  };
  const door = await openDoorTo(context, engine);
  return {
    vars: door.vars,
    stop: async () => {
      isAway = true;
    },
    start: async () => {
      isAway = false;
    },
    close: async () => {
      await door.close();
      await client.close();
    },
  };
}

function useUpstash(url: string, token: string): Part {
  return {
    vars: { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token },
    stop: async () => {
      throw new StackError("Upstash cannot be stopped from here: use the local Redis for outage tests.");
    },
    start: async () => {},
    close: async () => {},
  };
}

async function openDoorTo(
  context: PartContext,
  engine: RedisEngine,
): Promise<{ vars: Record<string, string>; close(): Promise<void> }> {
  const token = context.state.value.secrets.upstashToken;
  const door = await openUpstashDoor({ port: await rememberedPort(context.state, "upstash"), token, engine });
  return {
    vars: { UPSTASH_REDIS_REST_URL: `http://127.0.0.1:${door.port}`, UPSTASH_REDIS_REST_TOKEN: token },
    close: () => door.close(),
  };
}
