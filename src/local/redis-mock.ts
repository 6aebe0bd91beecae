import RedisMock from "ioredis-mock";
import { messageOf } from "./errors.ts";
import type { RedisEngine } from "./redis-engine.ts";
import { type Reply, ReplyError } from "./resp-parser.ts";

/** A Redis in this process for machines without `redis-server`: it forgets everything at the end. */
export class MockRedis implements RedisEngine {
  readonly #redis: RedisMock;

  /** Engines with the same id share their data, as clients of one server do. */
  constructor(id: number) {
    this.#redis = new RedisMock({ host: "kabar.local", port: id });
  }

  async call(command: readonly string[]): Promise<Reply> {
    const [name = "", ...args] = command;
    const method = methodName(name);
    // `script load` and its like are one method with the subcommand as its first argument.
    const run = this.#redis[method];
    if (typeof run !== "function") return new ReplyError(`ERR unknown command '${name}'`);
    try {
      return toReply(await run.apply(this.#redis, args));
    } catch (error) {
      return new ReplyError(messageOf(error));
    }
  }

  async transaction(commands: readonly (readonly string[])[]): Promise<Reply> {
    const replies: Reply[] = [];
    for (const command of commands) replies.push(await this.call(command));
    return replies;
  }

  async close(): Promise<void> {
    await this.call(["FLUSHALL"]);
    await this.call(["DISCONNECT"]);
  }
}

function methodName(command: string): string {
  const name = command.toLowerCase();
  return name === "constructor" ? "" : name;
}

/** ioredis makes objects and booleans of some replies; the wire has arrays, numbers and text only. */
function toReply(value: unknown): Reply {
  if (value === undefined || value === null) return null;
  if (typeof value === "number" || typeof value === "string") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value instanceof Error) return new ReplyError(value.message);
  if (Buffer.isBuffer(value)) return value.toString();
  if (Array.isArray(value)) return value.map(toReply);
  return Object.entries(value).flatMap(([key, item]) => [key, toReply(item)]);
}
