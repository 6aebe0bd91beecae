import { v5 as uuidv5, validate } from "uuid";

/** The UUID that a file's id gets where it is none or is taken: always the same one in the same workspace. */
export function stableId(workspaceId: string, given: string): string {
  return uuidv5(given, workspaceId);
}

/** The id itself where it can be one of ours, else its stable UUID. */
export function wantedId(workspaceId: string, given: string): string {
  return validate(given) ? given.toLowerCase() : stableId(workspaceId, given);
}
