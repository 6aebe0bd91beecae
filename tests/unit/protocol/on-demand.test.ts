import { expect, it } from "vitest";
import * as z from "zod";
import { onDemand } from "../../../src/protocol/on-demand.ts";

it("[SIZE-3] a schema is made when it is first asked for, and once", () => {
  let times = 0;
  const schema = onDemand(() => {
    times++;
    return z.string();
  });
  expect(times).toBe(0);
  expect(schema()).toBe(schema());
  expect(times).toBe(1);
});
