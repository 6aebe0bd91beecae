import type * as z from "zod";
import type { Caller } from "../domain/access.ts";
import { type Auth, authenticate, type CallerFor } from "../middleware/authenticate.ts";
import { readJson } from "../middleware/body.ts";
import { parseWith } from "../middleware/errors.ts";
import { type AppContext, outlive } from "../middleware/request.ts";
import { HubClient } from "../platform/hub-client.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import type { ServiceContext } from "../services/context.ts";
import { type Parts, partsOf } from "../services/parts.ts";
import type { Api } from "./api.ts";
import { describeEndpoint } from "./openapi.ts";

export type Method = "get" | "post" | "put" | "patch" | "delete";

/** What a route answers; `contentType` where that is not JSON. */
export interface ResponseDescription {
  description: string;
  schema?: () => z.ZodType;
  contentType?: string;
}

/** One route: how it is called, who may call it, and what it answers; the OpenAPI document is made of these. */
export interface Endpoint<Kind extends Auth, Params, Query, Body> {
  method: Method;
  /** With `{name}` for parts. */
  path: string;
  summary: string;
  tag: string;
  auth: Kind;
  /** `deferred`: the request limit is counted behind the request; for sends, which wait for no Redis. */
  rate?: "deferred";
  params?: () => z.ZodType<Params>;
  query?: () => z.ZodType<Query>;
  body?: () => z.ZodType<Body>;
  /** True where a request without a body counts as `{}`. */
  bodyOptional?: boolean;
  responses: Record<number, ResponseDescription>;
  /** Besides those that every route may answer with. */
  errors?: ErrorCode[];
}

export interface Input<Params, Query, Body> {
  params: Params;
  query: Query;
  body: Body;
  c: AppContext;
}

/**
 * Registers a route. Order: credential, then the request limit as this isolate knows it, then the schemas and `handle`. Redis is asked for
 * the limit beside the work of a GET, and beside reading the body of what writes: nothing is written before the limit is known, except on
 * deferred routes, which count when they are done.
 */
export function endpoint<Kind extends Auth, Params = undefined, Query = undefined, Body = undefined>(
  api: Api,
  definition: Endpoint<Kind, Params, Query, Body>,
  handle: (input: Input<Params, Query, Body>, context: ServiceContext<CallerFor<Kind>>) => Promise<Response>,
): void {
  api.descriptions.push(() => describeEndpoint(definition));
  api.on(definition.method.toUpperCase(), definition.path.replaceAll(/{(.+?)}/g, ":$1"), async (c) => {
    const parts = partsOf(c.env);
    const caller = await authenticate(c, parts, definition.auth);
    // `authenticate` has compared the caller's kind with the one that the definition names.
    const context = contextOf(c, parts, caller) as ServiceContext<CallerFor<Kind>>;
    const read = () => (definition.body === undefined ? undefined : readJson(c.req.raw));
    const work = async (json: unknown) => handle(inputOf(c, definition, json), context);
    const count = admit(parts, caller);
    if (count === undefined) return work(await read());
    const counted = () => {
      const limited = count();
      // Counted even where the request fails before the count is back.
      outlive(c, limited);
      return limited;
    };
    if (definition.rate === "deferred") {
      try {
        return await work(await read());
      } finally {
        counted();
      }
    }
    if (definition.method === "get") {
      // Asking takes the processor for a moment: what the work asks for is on its way by then.
      const found = work(undefined);
      const [response] = await Promise.all([found, counted()]);
      return response;
    }
    const [json] = await Promise.all([read(), counted()]);
    return work(json);
  });
}

function contextOf(c: AppContext, { settings, db, tokens, store }: Parts, caller: Caller): ServiceContext {
  const locationHint = caller.kind === "workspace" ? caller.locationHint : undefined;
  const hub = new HubClient(c.env.WORKSPACE_HUB, caller.workspaceId, locationHint);
  return { caller, settings, db, hub, tokens, store };
}

function admit({ limiter }: Parts, caller: Caller): (() => Promise<void>) | undefined {
  return caller.kind === "workspace" ? limiter.admit("key", caller.keyId) : limiter.admit("user", caller.userId);
}

function inputOf<Kind extends Auth, Params, Query, Body>(
  c: AppContext,
  { params, query, body, bodyOptional }: Endpoint<Kind, Params, Query, Body>,
  json: unknown,
): Input<Params, Query, Body> {
  return {
    // A part without a schema has type `undefined`, by the defaults of `endpoint`.
    params: (params === undefined ? undefined : parseWith(params(), c.req.param())) as Params,
    query: (query === undefined ? undefined : parseWith(query(), c.req.query())) as Query,
    body: (body === undefined ? undefined : parseWith(body(), json ?? (bodyOptional ? {} : undefined))) as Body,
    c,
  };
}
