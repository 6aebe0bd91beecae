import { findKey } from "../data/workspaces.ts";
import type { Caller, UserCaller, WorkspaceCaller } from "../domain/access.ts";
import { ApiError } from "../domain/api-error.ts";
import { parseWorkspaceKey } from "../platform/keys.ts";
import type { TokenClaims } from "../protocol/token.ts";
import type { Parts } from "../services/parts.ts";
import { type AppContext, addressOf, outlive } from "./request.ts";

/** Which credentials a route takes: K workspace key, U user token, KU either. */
export type Auth = "K" | "U" | "KU";

export type CallerFor<Kind extends Auth> = Kind extends "K" ? WorkspaceCaller : Kind extends "U" ? UserCaller : Caller;

const REFUSED = "the credential is missing, wrong or expired";

/**
 * Who calls, by the Authorization header. Only failures count against the caller's address, so that a backend or an office
 * behind one address is limited by its own keys and users alone.
 * @throws UNAUTHORIZED, FORBIDDEN for a good credential of the wrong kind, RATE_LIMITED for an address that keeps failing
 */
export async function authenticate(c: AppContext, parts: Parts, accepts: Auth): Promise<Caller> {
  const credential = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
  const caller = credential === undefined ? undefined : await identify(c, parts, credential);
  if (caller === undefined) return refuse(c, parts);
  if (accepts === "K" && caller.kind !== "workspace") throw new ApiError("FORBIDDEN", "this needs a workspace key");
  if (accepts === "U" && caller.kind !== "user") throw new ApiError("FORBIDDEN", "this needs a user token");
  return caller;
}

/** The claims of a user token that opens a socket. @throws as `authenticate` does */
export async function authenticateToken(c: AppContext, parts: Parts, token: string | undefined): Promise<TokenClaims> {
  const claims = token === undefined ? undefined : await parts.tokens.verify(token, false);
  return claims ?? refuse(c, parts);
}

async function identify(c: AppContext, parts: Parts, credential: string): Promise<Caller | undefined> {
  if (!credential.startsWith("pk_")) {
    const claims = await parts.tokens.verify(credential);
    return claims === undefined ? undefined : { kind: "user", workspaceId: claims.ws, userId: claims.sub };
  }
  const key = parseWorkspaceKey(credential);
  if (key === undefined) return undefined;
  // Guessing keys costs a look-up each; an address that does only that is stopped before it.
  if (!parts.keys.knows(key.id)) parts.limiter.refuseIfOver("address", addressOf(c));
  return parts.keys.check(
    key,
    (id) => findKey(parts.db, id),
    (work) => outlive(c, work),
  );
}

async function refuse(c: AppContext, parts: Parts): Promise<never> {
  await parts.limiter.take("address", addressOf(c));
  throw new ApiError("UNAUTHORIZED", REFUSED);
}
