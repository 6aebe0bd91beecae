import type { TestStack } from "./stack.ts";

/** An HTTP answer with its JSON body, undefined where there is none. */
export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of any shape, and compare what they find
  body: any;
}

/** Calls the API as the holder of one credential. */
export class Caller {
  readonly baseUrl: string;
  readonly authorization: string;

  constructor(baseUrl: string, authorization: string) {
    this.baseUrl = baseUrl;
    this.authorization = authorization;
  }

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(`${this.baseUrl}${path}`, {
      method,
      headers: {
        authorization: this.authorization,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") ?? false;
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text || undefined };
  }

  get = (path: string) => this.call("GET", path);
  post = (path: string, body?: unknown, headers?: Record<string, string>) => this.call("POST", path, body, headers);
  put = (path: string, body?: unknown) => this.call("PUT", path, body);
  patch = (path: string, body?: unknown) => this.call("PATCH", path, body);
  delete = (path: string, body?: unknown) => this.call("DELETE", path, body);
}

/** One end user with a token. */
export class TestUser extends Caller {
  readonly id: string;
  readonly externalId: string;
  readonly token: string;

  constructor(baseUrl: string, user: { id: string; external_id: string }, token: string) {
    super(baseUrl, `Bearer ${token}`);
    this.id = user.id;
    this.externalId = user.external_id;
    this.token = token;
  }

  send(channel: string, content: string, more: Record<string, unknown> = {}): Promise<Answer> {
    return this.post(`/v1/channels/${channel}/messages`, { content, ...more });
  }
}

/** The workspace key of a stack. */
export function workspaceCaller(stack: TestStack): Caller {
  return new Caller(stack.baseUrl, stack.authorization);
}

export async function createUser(stack: TestStack, externalId: string, name = externalId): Promise<TestUser> {
  const key = workspaceCaller(stack);
  const user = await key.post("/v1/users", { external_id: externalId, name });
  if (user.status > 201) throw new Error(`no user: ${JSON.stringify(user.body)}`);
  const token = await key.post(`/v1/users/${user.body.id}/tokens`, {});
  return new TestUser(stack.baseUrl, user.body, token.body.token);
}

/** A group `name` with `size` users, the first one admin. */
export async function createGroup(stack: TestStack, name: string, size: number) {
  const users: TestUser[] = [];
  for (let n = 0; n < size; n++) users.push(await createUser(stack, `${name}-${n}`));
  const channel = await workspaceCaller(stack).post("/v1/channels", {
    type: "group",
    external_id: name,
    name,
    member_external_ids: users.map((user) => user.externalId),
    created_by: users[0]?.externalId,
  });
  if (channel.status !== 201) throw new Error(`no channel: ${JSON.stringify(channel.body)}`);
  return {
    channelId: channel.body.id as string,
    users,
    member(index: number): TestUser {
      const user = users[index];
      if (user === undefined) throw new Error(`no member ${index}`);
      return user;
    },
  };
}
