import type { HubRpc } from "../../src/domain/hub-contract.ts";

/** A stub as what it stands for: its own type drops results that hold `unknown`, such as a message's metadata. */
export function rpcOf(stub: DurableObjectStub): HubRpc {
  return stub as unknown as HubRpc;
}
