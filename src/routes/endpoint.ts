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
 * Registers a route. Order: credential, then request limit beside reading the body and (for GET) beside the work itself, then the
 * schemas, then `handle`. Nothing is written before the limit is known, except on deferred routes.
 */
export function endpoint<Kind extends Auth, Params = undefined, Query = undefined, Body = undefined>(
  api: Api,
  definition: Endpoint<Kind, Params, Query, Body>,
  handle: (input: Input<Params, Query, Body>, context: ServiceContext<CallerFor<Kind>>) => Promise<Response>,
): void {
  api.descriptions.push(() => describeEndpoint(definition));
  const isRead = definition.method === "get";
  api.on(definition.method.toUpperCase(), definition.path.replaceAll(/{(.+?)}/g, ":$1"), async (c) => {
    const parts = partsOf(c.env);
    const caller = await authenticate(c, parts, definition.auth);
    const limited = countRequest(c, parts, caller, definition.rate === "deferred");
    // `authenticate` has compared the caller's kind with the one that the definition names.
    const context = contextOf(c, parts, caller) as ServiceContext<CallerFor<Kind>>;
    // Counted even where the request fails before the count is back.
    if (limited !== undefined) outlive(c, limited);
    if (isRead) {
      const [response] = await Promise.all([handle(inputOf(c, definition, undefined), context), limited]);
      return response;
    }
    const [body] = await Promise.all([definition.body === undefined ? undefined : readJson(c.req.raw), limited]);
    return handle(inputOf(c, definition, body), context);
  });
}

function contextOf(c: AppContext, { settings, db, tokens, store }: Parts, caller: Caller): ServiceContext {
  const locationHint = caller.kind === "workspace" ? caller.locationHint : undefined;
  const hub = new HubClient(c.env.WORKSPACE_HUB, caller.workspaceId, locationHint);
  return { caller, settings, db, hub, tokens, store };
}

/** Undefined where there is nothing to wait for. */
function countRequest(
  c: AppContext,
  { limiter }: Parts,
  caller: Caller,
  isDeferred: boolean,
): Promise<void> | undefined {
  const kind = caller.kind === "workspace" ? "key" : "user";
  const identifier = caller.kind === "workspace" ? caller.keyId : caller.userId;
  if (!isDeferred) return limiter.take(kind, identifier);
  limiter.takeDeferred(kind, identifier, (work) => outlive(c, work));
  return undefined;
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
