import { expect, it } from "vitest";
import * as z from "zod";
import "../../src/worker.ts";
import { messageSchema } from "../../src/protocol/message.ts";

/** Names of the wire's schemas that exist by now. */
const made = () => Object.keys(z.toJSONSchema(z.globalRegistry, { unrepresentable: "any" }).schemas);

it("[SIZE-3] a Worker that has started has put no schema of the wire together; one that is asked for brings its parts", () => {
  expect(made()).toEqual([]);
  messageSchema();
  expect(made()).toContain("Message");
  expect(made()).not.toContain("SendMessage");
});
