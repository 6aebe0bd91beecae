import { deleteDevice, putDevice } from "../data/devices.ts";
import type { UserCaller } from "../domain/access.ts";
import { ApiError } from "../domain/api-error.ts";
import { requirePushEndpoint } from "../domain/push.ts";
import type { RegisterDeviceBody } from "../protocol/push.ts";
import type { ServiceContext } from "./context.ts";

type Context = ServiceContext<UserCaller>;

/** Registers a device for the caller, whether pushes are set up or not; whoever had it before loses it. */
export async function register(context: Context, token: string, body: RegisterDeviceBody): Promise<void> {
  const { caller, db, hub, settings } = context;
  const { platform, subscription = null } = body;
  if (subscription !== null) requirePushEndpoint(subscription.endpoint, settings.allowPrivateTargets);
  const changed = await putDevice(db, caller.workspaceId, caller.userId, { token, platform, subscription });
  await hub.pushChanged(changed);
  if (!changed.includes(caller.userId)) {
    throw new ApiError("UNAUTHORIZED", "the user of this token no longer exists");
  }
}

/** Forgets a device of the caller; a repeat changes nothing. */
export async function remove(context: Context, token: string): Promise<void> {
  const { caller, db, hub } = context;
  await deleteDevice(db, caller.workspaceId, caller.userId, token);
  await hub.pushChanged([caller.userId]);
}
