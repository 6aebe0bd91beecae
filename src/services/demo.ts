import { findUsersByExternalIds } from "../data/users.ts";
import { ApiError, notFound } from "../domain/api-error.ts";
import type { DemoSession } from "../protocol/demo.ts";
import type { Parts } from "./parts.ts";

const EXTERNAL_IDS = ["demo-ayu", "demo-bima"];
/** Seconds: a day at most, whatever the deployment gives its own users. */
const MAX_TTL = 24 * 3600;

/** Tokens of the two demo users, for the page at `/`. @throws NOT_FOUND where this deployment has no demo */
export async function demoSession({ settings, db, tokens }: Parts): Promise<DemoSession> {
  const workspaceId = settings.demoWorkspaceId;
  if (workspaceId === undefined) throw notFound("page");
  const users = await findUsersByExternalIds(db, workspaceId, EXTERNAL_IDS);
  users.sort((left, right) => EXTERNAL_IDS.indexOf(left.external_id) - EXTERNAL_IDS.indexOf(right.external_id));
  if (users.length < EXTERNAL_IDS.length) throw new ApiError("NOT_FOUND", "the demo workspace has no demo users yet");
  const ttl = Math.min(MAX_TTL, settings.jwt.ttlSeconds);
  const signedIn = await Promise.all(
    users.map(async ({ id, external_id, name }) => {
      const { token, expires_at } = await tokens.sign(workspaceId, id, ttl);
      return { id, external_id, name, token, expires_at };
    }),
  );
  return { workspace_id: workspaceId, users: signedIn };
}
