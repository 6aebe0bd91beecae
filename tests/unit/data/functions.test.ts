import { expect, test } from "vitest";
import { changedFunctions } from "../../../src/local/function-migration.ts";

test("the migrations make the functions of the database as the code has them", () => {
  expect(changedFunctions(), "npm run generate adds a migration").toEqual([]);
});
