import net from "node:net";
import type { RedisEngine } from "./redis-engine.ts";
import { encodeCommand, type Reply, ReplyError, RespParser } from "./resp-parser.ts";

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

/** A minimal Redis client over one connection: pipelined, raw replies, connects again at the next command after a loss. */
export class RedisClient implements RedisEngine {
  readonly #url: URL;
  #socket: net.Socket | undefined;
  #waiting: Waiting[] = [];

  /** Takes `redis://[user[:password]@]host[:port][/database]`. */
  constructor(url: string) {
    this.#url = new URL(url);
  }

  call(command: readonly string[]): Promise<Reply> {
    return this.#send(this.#connection(), command);
  }

  async transaction(commands: readonly (readonly string[])[]): Promise<Reply> {
    // Written in one turn, so that no other command of this connection comes in between.
    const socket = this.#connection();
    const replies = [["MULTI"], ...commands, ["EXEC"]].map((command) => this.#send(socket, command));
    return (await Promise.all(replies)).at(-1) ?? null;
  }

  async close(): Promise<void> {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #connection(): net.Socket {
    if (this.#socket) return this.#socket;
    const { hostname, port, username, password, pathname } = this.#url;
    const socket = net.connect({ host: hostname, port: Number(port || 6379), noDelay: true });
    const parser = new RespParser();
    let failure = new Error("Redis closed the connection");
    socket.on("data", (chunk) => {
      for (const reply of parser.push(chunk)) this.#waiting.shift()?.resolve(reply);
    });
    socket.on("error", (error) => {
      failure = error;
    });
    socket.on("close", () => {
      if (this.#socket === socket) this.#socket = undefined;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const one of waiting) one.reject(failure);
    });
    this.#socket = socket;
    const secret = decodeURIComponent(password);
    const login = username ? [decodeURIComponent(username), secret] : [secret];
    const database = pathname.slice(1);
    // A refused login shows as NOAUTH on the commands that follow.
    if (password) this.#send(socket, ["AUTH", ...login]).catch(() => undefined);
    if (database) this.#send(socket, ["SELECT", database]).catch(() => undefined);
    return socket;
  }

  #send(socket: net.Socket, command: readonly string[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      socket.write(encodeCommand(command));
    });
  }
}

/** Checks that a Redis answers at this address; throws what is wrong. */
export async function pingRedis(url: string): Promise<void> {
  const client = new RedisClient(url);
  try {
    const reply = await client.call(["PING"]);
    if (reply instanceof ReplyError) throw reply;
  } finally {
    await client.close();
  }
}
