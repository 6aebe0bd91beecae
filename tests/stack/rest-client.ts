import { randomUUID } from "node:crypto";
import { errorBodySchema } from "../../src/protocol/errors.ts";
import type { TestStack } from "../support/stack.ts";

export interface Answer {
  status: number;
  headers: Headers;
  /** Parsed JSON, or undefined for an empty body. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects, and fails where it is not there
  body: any;
}

export interface CallOptions {
  headers?: Record<string, string>;
  /** Sent as it is, without becoming JSON. */
  raw?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
}

/** Calls the API of a stack under one credential. */
export class RestClient {
  readonly #baseUrl: string;
  readonly #authorization: string | undefined;

  constructor(baseUrl: string, authorization: string | undefined) {
    this.#baseUrl = baseUrl;
    this.#authorization = authorization;
  }

  /** The same stack under another credential, or none. */
  as(authorization: string | undefined): RestClient {
    return new RestClient(this.#baseUrl, authorization);
  }

  get(path: string, options?: CallOptions): Promise<Answer> {
    return this.call("GET", path, undefined, options);
  }

  post(path: string, body?: unknown, options?: CallOptions): Promise<Answer> {
    return this.call("POST", path, body, options);
  }

  patch(path: string, body?: unknown): Promise<Answer> {
    return this.call("PATCH", path, body);
  }

  delete(path: string, body?: unknown): Promise<Answer> {
    return this.call("DELETE", path, body);
  }

  async call(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<Answer> {
    const payload = options.raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const headers = {
      ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...options.headers,
    };
    const init = { method, headers, ...(payload === undefined ? {} : { body: payload, duplex: "half" as const }) };
    const response = await fetch(this.#baseUrl + path, init);
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
  }
}

/** `[status, code]` of an error, whose shape is checked on the way. */
export function errorOf({ status, body, headers }: Answer): [number, string] {
  const { error } = errorBodySchema().parse(body);
  if (error.request_id !== headers.get("x-request-id")) throw new Error("the body's request id is not the header's");
  return [status, error.code];
}

export interface Person {
  id: string;
  externalId: string;
  authorization: string;
  api: RestClient;
}

/** Creates a user with a fresh external id and signs it in. */
export async function newPerson(key: RestClient, name = "person"): Promise<Person> {
  const externalId = `${name}-${randomUUID().slice(0, 8)}`;
  const { body: user } = await key.post("/v1/users", { external_id: externalId, name });
  const { body: token } = await key.post(`/v1/users/${user.id}/tokens`);
  const authorization = `Bearer ${token.token}`;
  return { id: user.id, externalId, authorization, api: key.as(authorization) };
}

/** Creates a group with a fresh external id; the first person is its admin. */
export async function newGroup(key: RestClient, people: Person[]): Promise<string> {
  const [creator] = people;
  const { body } = await key.post("/v1/channels", {
    type: "group",
    external_id: `group-${randomUUID().slice(0, 8)}`,
    name: "Group",
    member_external_ids: people.map((person) => person.externalId),
    ...(creator === undefined ? {} : { created_by: creator.externalId }),
  });
  return body.id;
}

export function keyClient(stack: TestStack): RestClient {
  return new RestClient(stack.baseUrl, stack.authorization);
}
