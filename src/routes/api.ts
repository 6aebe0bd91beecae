import type { RouteConfig } from "@asteasolutions/zod-to-openapi";
import { Hono } from "hono";
import type { AppEnv } from "../middleware/request.ts";

/** The Worker's routes, and what the OpenAPI document says of them. */
export class Api extends Hono<AppEnv> {
  /** One for each route that the document names, in order; called when the document is asked for, since no start needs it. */
  readonly descriptions: (() => RouteConfig)[] = [];
}
