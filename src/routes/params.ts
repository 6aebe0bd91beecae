import * as z from "zod";
import { emojiSchema } from "../protocol/message.ts";
import { onDemand } from "../protocol/on-demand.ts";
import { refSchema, uuidSchema } from "../protocol/primitives.ts";
import { deviceTokenSchema } from "../protocol/push.ts";

const ref = refSchema.describe("Internal or external id");

export const idParams = onDemand(() => z.object({ id: ref }));
/** Of what has no external id. */
export const uuidParams = onDemand(() => z.object({ id: uuidSchema }));
export const memberParams = onDemand(() => z.object({ id: ref, user_id: ref }));
export const messageParams = onDemand(() => z.object({ id: ref, mid: uuidSchema }));
export const deviceParams = onDemand(() => z.object({ token: deviceTokenSchema }));
export const reactionParams = onDemand(() => messageParams().extend({ emoji: emojiSchema }));
