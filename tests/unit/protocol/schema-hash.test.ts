import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { z } from "zod";
import { channelSchema, myChannelSchema } from "../../../src/protocol/channel.ts";
import { errorBodySchema } from "../../../src/protocol/errors.ts";
import { frameDownSchema } from "../../../src/protocol/frames-down.ts";
import { frameUpSchema } from "../../../src/protocol/frames-up.ts";
import { memberSchema } from "../../../src/protocol/member.ts";
import { historySchema, messageSchema, sendMessageBodySchema } from "../../../src/protocol/message.ts";
import { userSchema } from "../../../src/protocol/user.ts";
import { PROTOCOL_VERSION } from "../../../src/protocol/version.ts";

/** Hash of all wire shapes by protocol version. After a release a change of a shape takes a new version and a new line. */
const RELEASED: Record<number, string> = { 1: "d7c381aa34659048" };

it("[PROTO-1] the wire shapes change only together with the protocol's version", () => {
  const shapes = [
    userSchema(),
    channelSchema(),
    myChannelSchema(),
    memberSchema(),
    messageSchema(),
    sendMessageBodySchema(),
    historySchema(),
    errorBodySchema(),
    frameUpSchema(),
    frameDownSchema,
  ].map((schema) => z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }));
  const hash = createHash("sha256").update(JSON.stringify(shapes)).digest("hex").slice(0, 16);
  expect(hash).toBe(RELEASED[PROTOCOL_VERSION]);
});
