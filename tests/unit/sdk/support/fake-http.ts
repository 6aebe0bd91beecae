import { randomUUID } from "node:crypto";
import fs from "node:fs/promises";
import type http from "node:http";
import path from "node:path";
import { viewOf } from "./fake-changes.ts";
import type { FakeServer } from "./fake-server.ts";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/** Answers the REST calls that the library makes, the demo's bootstrap, an object store, and static files. */
export async function answer(fake: FakeServer, request: http.IncomingMessage, response: http.ServerResponse) {
  const url = new URL(request.url ?? "/", fake.baseUrl);
  const body = await readBody(request);
  const respond = (status: number, value: unknown, headers: Record<string, string> = {}) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(value));
  };
  const fail = (status: number, code: string, message: string, headers: Record<string, string> = {}) =>
    respond(status, { error: { code, message, request_id: randomUUID() } }, headers);

  if (url.pathname === "/demo/session") {
    const session = fake.demoSession();
    return session ? respond(200, session) : fail(404, "NOT_FOUND", "there is no demo");
  }
  if (url.pathname.startsWith("/store/")) return answerStore(fake, request, response, url.pathname, body);
  if (!url.pathname.startsWith("/v1/")) return answerStatic(fake, response, url.pathname);

  const planned = fake.failures.shift();
  if (planned) return fail(planned.status, planned.code, "as planned", planned.headers);
  const userId = fake.userOfToken(request.headers.authorization?.replace(/^Bearer /, "") ?? "");
  if (!userId) return fail(401, "UNAUTHORIZED", "the token is not valid");
  const { workspace } = fake;
  const limit = Number(url.searchParams.get("limit") ?? 50);

  if (url.pathname === "/v1/me") return respond(200, workspace.user(userId));
  if (url.pathname === "/v1/me/channels") {
    return respond(200, { channels: workspace.myChannels(userId), has_more: false, next_cursor: null });
  }
  if (url.pathname === "/v1/attachments/presign") {
    const name = `/store/${randomUUID()}`;
    return respond(200, {
      upload_url: fake.baseUrl + name,
      method: "PUT",
      headers: { "content-type": JSON.parse(body.toString()).content_type },
      public_url: fake.baseUrl + name,
      expires_at: new Date(Date.now() + 600_000).toISOString(),
    });
  }
  const parts = /^\/v1\/channels\/([^/]+)\/(messages|members|read|pins)(?:\/([^/]+))?(?:\/(thread|pin))?$/.exec(
    url.pathname,
  );
  const [, ref = "", action, id, more] = parts ?? [];
  const channel = workspace.channel(decodeURIComponent(ref));
  if (!channel?.members.includes(userId)) return fail(404, "NOT_FOUND", "there is no such channel");
  if (action === "members") {
    return respond(200, { members: workspace.members(channel), has_more: false, next_cursor: null });
  }
  if (action === "read") {
    fake.publish(workspace.read(channel, userId, JSON.parse(body.toString()).message_id));
    return respond(200, {});
  }
  if (action === "pins") return respond(200, workspace.pins(channel, userId));
  const number = (name: string) => (url.searchParams.has(name) ? Number(url.searchParams.get(name)) : undefined);
  const query = {
    before: number("before"),
    after: number("after"),
    around: url.searchParams.get("around") ?? undefined,
  };
  if (id === undefined) {
    fake.historyReads += 1;
    const page = workspace.history(channel, userId, limit, query);
    await fake.slow();
    return respond(200, page);
  }
  if (more === "thread") return respond(200, workspace.history(channel, userId, limit, { ...query, thread: id }));
  if (more === "pin") {
    fake.publish(workspace.changes.pin(channel, id, userId, request.method === "PUT"));
    return respond(200, workspace.changes.changed(channel, id));
  }
  const message = channel.messages.find((one) => one.id === id);
  return message ? respond(200, viewOf(channel, message, userId)) : fail(404, "NOT_FOUND", "there is no such message");
}

function answerStore(
  fake: FakeServer,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  name: string,
  body: Buffer,
) {
  if (request.method === "PUT") {
    fake.store.set(name, { type: request.headers["content-type"] ?? "", body });
    return response.writeHead(200).end();
  }
  const object = fake.store.get(name);
  if (!object) return response.writeHead(404).end();
  return response.writeHead(200, { "content-type": object.type }).end(object.body);
}

async function answerStatic(fake: FakeServer, response: http.ServerResponse, name: string) {
  const file = path.join(fake.staticDir, name.endsWith("/") ? `${name}index.html` : name);
  try {
    const content = await fs.readFile(file);
    response.writeHead(200, {
      "content-type": TYPES[path.extname(file)] ?? "application/octet-stream",
      ...fake.headers,
    });
    response.end(content);
  } catch {
    response.writeHead(404).end();
  }
}

async function readBody(request: http.IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}
