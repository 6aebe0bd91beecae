import { findUser } from "../data/users.ts";
import { invalid, notFound } from "../domain/api-error.ts";
import type { ServiceContext } from "./context.ts";

/** Internal id of the user named in a path. @throws NOT_FOUND */
export async function requireUser({ db, caller }: ServiceContext, ref: string): Promise<string> {
  const stored = await findUser(db, caller.workspaceId, ref);
  if (stored === undefined) throw notFound("user");
  return stored.user.id;
}

/** @throws VALIDATION_ERROR for an end that has passed */
export function requireFuture(until: string | null): void {
  if (until !== null && Date.parse(until) <= Date.now()) throw invalid("until", "must be in the future");
}
