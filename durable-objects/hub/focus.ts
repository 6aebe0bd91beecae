import type { HubResult } from "../../src/domain/hub-contract.ts";
import type { Changes } from "./changes.ts";
import type { Connection } from "./connection.ts";

/**
 * Notes which channel a client shows, so that its user is not pushed for what is seen anyway. Null for none: the client
 * is connected but shows no channel. Throws where Postgres had to be asked and did not answer.
 *
 * @param ref internal or external id of a channel
 */
export async function setFocus(changes: Changes, connection: Connection, ref: string | null): Promise<HubResult<null>> {
  const done: HubResult<null> = { ok: true, value: null };
  if (ref === null) {
    connection.focusOn(null);
    return done;
  }
  const channel = await changes.resolve(ref);
  if (channel === undefined || channel.deleted) return refuse("NOT_FOUND", "there is no such channel");
  if (!channel.members.has(connection.userId)) return refuse("NOT_A_MEMBER", "the user is not a member");
  connection.focusOn(channel.info.id);
  return done;
}

function refuse(code: "NOT_FOUND" | "NOT_A_MEMBER", reason: string): HubResult<null> {
  return { ok: false, error: { code, message: `unable to note the open channel; because ${reason}` } };
}
