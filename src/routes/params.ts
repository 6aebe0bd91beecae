import * as z from "zod";
import { emojiSchema } from "../protocol/message.ts";
import { refSchema, uuidSchema } from "../protocol/primitives.ts";
import { deviceTokenSchema } from "../protocol/push.ts";

const ref = refSchema.describe("Internal or external id");

export const idParams = z.object({ id: ref });
export const memberParams = z.object({ id: ref, user_id: ref });
export const messageParams = z.object({ id: ref, mid: uuidSchema });
export const deviceParams = z.object({ token: deviceTokenSchema });
export const reactionParams = messageParams.extend({ emoji: emojiSchema });
