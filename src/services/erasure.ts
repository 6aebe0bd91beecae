import { findPerson } from "../data/person.ts";
import type { WorkspaceCaller } from "../domain/access.ts";
import { notFound } from "../domain/api-error.ts";
import type { ErasureState } from "../protocol/erasure.ts";
import type { ServiceContext } from "./context.ts";

/**
 * Removes a user at once and begins to erase what it left; or tells how far that is. Also for a user who was deleted before, by
 * internal id. @throws NOT_FOUND where the workspace has nothing of such a user
 */
export async function erase(context: ServiceContext<WorkspaceCaller>, ref: string): Promise<ErasureState> {
  const { db, hub, caller } = context;
  const person = await findPerson(db, caller.workspaceId, ref);
  if (person !== undefined && person.externalId !== null) return hub.eraseUser(person.id, person.externalId);
  const known = await hub.erasure(ref);
  if (known !== null) return known;
  if (person === undefined) throw notFound("user");
  return hub.eraseUser(person.id, null);
}
