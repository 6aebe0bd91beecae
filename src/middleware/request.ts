import type { Context } from "hono";
import type { Env } from "../platform/settings.ts";

/** What Hono carries through a request. */
export interface AppEnv {
  Bindings: Env;
  Variables: { requestId: string };
}

export type AppContext = Context<AppEnv>;

/** Lets work outlive the response. Its failure is nobody's business but its own. */
export function outlive(c: AppContext, work: Promise<unknown>): void {
  const settled = work.catch(() => undefined);
  try {
    c.executionCtx.waitUntil(settled);
  } catch {
    // Outside a Worker (unit tests) there is nothing that would end it.
  }
}

/** The caller's address as Cloudflare saw it; locally there may be none. */
export function addressOf(c: AppContext): string {
  return c.req.header("cf-connecting-ip") ?? "local";
}
