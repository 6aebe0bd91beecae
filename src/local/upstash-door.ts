import { timingSafeEqual } from "node:crypto";
import { type Door, openDoor, readBody, sendJson } from "./door.ts";
import { messageOf } from "./errors.ts";
import { LuaScripts } from "./lua-scripts.ts";
import type { RedisEngine } from "./redis-engine.ts";
import { type Reply, ReplyError } from "./resp-parser.ts";

export interface UpstashDoorOptions {
  port: number;
  token: string;
  engine: RedisEngine;
}

type Answer = { result: unknown } | { error: string };

/** Opens an HTTP door that speaks Upstash's REST protocol in front of a Redis. */
export async function openUpstashDoor({ port, token, engine }: UpstashDoorOptions): Promise<Door> {
  const scripts = new LuaScripts();
  const run = async (command: readonly string[]): Promise<Reply> => {
    const reply = await engine.call(scripts.translate(command));
    return reply instanceof ReplyError ? reply : (scripts.loadedHash(command) ?? reply);
  };

  return openDoor(port, async (request, response) => {
    if (!sameText(request.headers.authorization ?? "", `Bearer ${token}`)) {
      return sendJson(response, 401, '{"error":"WRONGPASS invalid or missing auth token"}');
    }
    if (request.method !== "POST") return sendJson(response, 405, '{"error":"ERR only POST is served here"}');
    const encode = request.headers["upstash-encoding"] === "base64" ? toBase64 : (reply: Reply) => reply;
    const toAnswer = (reply: Reply): Answer =>
      reply instanceof ReplyError ? { error: reply.message } : { result: encode(reply) };
    const send = (answer: Answer | Answer[]): void =>
      sendJson(response, "error" in answer ? 400 : 200, JSON.stringify(answer));

    const body: unknown = parse(await readBody(request));
    const path = (request.url ?? "/").split("?")[0];
    try {
      if (path === "/") {
        const command = toCommand(body);
        return send(command ? toAnswer(await run(command)) : { error: "ERR a JSON array with a command is expected" });
      }
      const commands = Array.isArray(body) ? body.map(toCommand) : [];
      if (commands.length === 0 || !commands.every((command) => command !== undefined)) {
        return send({ error: "ERR a JSON array of commands is expected" });
      }
      if (path === "/pipeline")
        return send(await Promise.all(commands.map(async (command) => toAnswer(await run(command)))));
      if (path === "/multi-exec") {
        const reply = await engine.transaction(commands.map((command) => scripts.translate(command)));
        if (!Array.isArray(reply)) return send({ error: reply instanceof ReplyError ? reply.message : "EXECABORT" });
        return send(reply.map(toAnswer));
      }
      sendJson(response, 404, '{"error":"ERR no such path"}');
    } catch (error) {
      // Redis itself is away: the same as Upstash being unreachable.
      sendJson(response, 503, JSON.stringify({ error: `ERR ${messageOf(error)}` }));
    }
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function toCommand(value: unknown): string[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return value.map((part) => (typeof part === "string" ? part : JSON.stringify(part)));
}

/** Text is encoded everywhere but in the status "OK", which the client reads as it is. */
function toBase64(reply: Reply): unknown {
  if (typeof reply === "string") return reply === "OK" ? reply : Buffer.from(reply).toString("base64");
  if (Array.isArray(reply)) {
    return reply.map((item) => (typeof item === "string" ? Buffer.from(item).toString("base64") : toBase64(item)));
  }
  return reply instanceof ReplyError ? reply.message : reply;
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
