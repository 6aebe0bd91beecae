import { UpstreamUnavailable } from "../domain/api-error.ts";
import type { Settled, SettledScope } from "../domain/hub-contract.ts";
import type { ServiceContext } from "./context.ts";

/**
 * Returns once Postgres has what was acknowledged before the call; for reads of Postgres alone, which would leave it out without saying so.
 * @throws UpstreamUnavailable where the archive does not get there
 */
export async function requireSettled({ hub }: Pick<ServiceContext, "hub">, scope: SettledScope): Promise<Settled> {
  const settled = await hub.settled(scope);
  if (!settled.archived) throw new UpstreamUnavailable("the archive");
  return settled;
}
