import { cors } from "hono/cors";
import { createMiddleware } from "hono/factory";
import { settingsOf } from "../platform/settings.ts";
import type { AppEnv } from "./request.ts";

const SANE_REQUEST_ID = /^[\w.:-]{1,64}$/;

/** Every answer of the API: nothing of it is a page, a frame or a thing to keep. */
const SECURITY = Object.entries({
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cache-control": "no-store",
});

/** Gives the request an id (the caller's, where it is a sane one), and its answer that id and the security headers. */
export const commonHeaders = createMiddleware<AppEnv>(async (c, next) => {
  const given = c.req.header("x-request-id");
  const requestId = given !== undefined && SANE_REQUEST_ID.test(given) ? given : crypto.randomUUID();
  c.set("requestId", requestId);
  await next();
  // An upgrade shows nothing.
  const added = c.res.status === 101 ? [] : SECURITY;
  for (const [name, value] of added) if (!c.res.headers.has(name)) c.res.headers.set(name, value);
  c.res.headers.set("x-request-id", requestId);
});

/** CORS by `CARIOS_CORS_ALLOWED_ORIGINS`; with none set, browsers keep other origins out. */
export const crossOrigin = createMiddleware<AppEnv>(async (c, next) => {
  const { allowedOrigins } = settingsOf(c.env);
  if (allowedOrigins.length === 0) return next();
  const isAny = allowedOrigins.includes("*");
  return cors({
    origin: isAny ? "*" : allowedOrigins,
    allowMethods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
    allowHeaders: ["Authorization", "Content-Type", "Idempotency-Key", "X-Request-Id"],
    exposeHeaders: ["X-Request-Id", "Retry-After", "Idempotent-Replayed"],
    maxAge: 86_400,
  })(c, next);
});
