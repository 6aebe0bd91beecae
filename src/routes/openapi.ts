import type { RouteConfig } from "@asteasolutions/zod-to-openapi";
import * as z from "zod";
import type { Auth } from "../middleware/authenticate.ts";
import { ERRORS, type ErrorCode, errorBodySchema } from "../protocol/errors.ts";
import { PROTOCOL_VERSION } from "../protocol/version.ts";
import type { Api } from "./api.ts";
import type { Endpoint, ResponseDescription } from "./endpoint.ts";

const SECURITY: Record<Auth, NonNullable<RouteConfig["security"]>> = {
  K: [{ workspaceKey: [] }],
  U: [{ userToken: [] }],
  KU: [{ userToken: [] }, { workspaceKey: [] }],
};

const ALWAYS: ErrorCode[] = ["UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED", "INTERNAL", "UPSTREAM_UNAVAILABLE"];

/** What the document says of a route. */
export function describeEndpoint<Kind extends Auth, Params, Query, Body>({
  method,
  path,
  summary,
  tag,
  auth,
  params,
  query,
  body,
  bodyOptional,
  responses,
  errors = [],
}: Endpoint<Kind, Params, Query, Body>): RouteConfig {
  const takesInput = params !== undefined || query !== undefined || body !== undefined;
  const codes = [...ALWAYS, ...(takesInput ? (["VALIDATION_ERROR"] as const) : []), ...errors];
  return {
    method,
    path,
    summary,
    tags: [tag],
    security: SECURITY[auth],
    request: {
      params: objectOf(params),
      query: objectOf(query),
      ...(body === undefined
        ? {}
        : { body: { required: bodyOptional !== true, content: { "application/json": { schema: body() } } } }),
    },
    responses: { ...describeResponses(responses), ...describeErrors(codes) },
  };
}

function objectOf(schema: (() => z.ZodType) | undefined): z.ZodObject | undefined {
  const made = schema?.();
  return made instanceof z.ZodObject ? made : undefined;
}

/** Serves the document, made at the first request. */
export function registerOpenApi(api: Api): void {
  let document: string | undefined;
  api.get("/openapi.json", async (c) => {
    document ??= await makeDocument(api);
    return c.body(document, 200, { "content-type": "application/json", "cache-control": "public, max-age=300" });
  });
}

/** Brings the generator along, which no other request needs and the Worker's start would pay for. */
async function makeDocument({ descriptions }: Api): Promise<string> {
  const { OpenAPIRegistry, OpenApiGeneratorV31 } = await import("@asteasolutions/zod-to-openapi");
  const registry = new OpenAPIRegistry();
  for (const describe of descriptions) registry.registerPath(describe());
  registry.registerComponent("securitySchemes", "workspaceKey", {
    type: "http",
    scheme: "bearer",
    description: "`pk_…:sk_…` of a workspace; for servers only.",
  });
  registry.registerComponent("securitySchemes", "userToken", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "Token of one user, signed by `POST /v1/users/{id}/tokens`.",
  });
  const document = new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: "3.1.0",
    info: {
      title: "Kabar",
      version: String(PROTOCOL_VERSION),
      description: "Realtime chat. Compatible with Cariosan's documented API.",
    },
    servers: [{ url: "/" }],
  });
  return JSON.stringify(document);
}

export function describeResponses(responses: Record<number, ResponseDescription>) {
  return Object.fromEntries(
    Object.entries(responses).map(([status, { description, schema, contentType = "application/json" }]) => [
      status,
      schema === undefined ? { description } : { description, content: { [contentType]: { schema: schema() } } },
    ]),
  );
}

/** One response per status, naming the codes that it may carry. */
export function describeErrors(codes: readonly ErrorCode[]) {
  const byStatus = Map.groupBy(new Set(codes), (code) => ERRORS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, names]) => [
      status,
      { description: names.join(", "), content: { "application/json": { schema: errorBodySchema() } } },
    ]),
  );
}
