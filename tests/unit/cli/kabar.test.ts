import { describe, expect, it } from "vitest";
import { buildCli } from "../../../src/cli/kabar.ts";

async function run(...argv: string[]): Promise<string> {
  const program = buildCli(() => undefined);
  let complaint = "";
  const quiet = (command: typeof program): void => {
    command.exitOverride().configureOutput({ writeErr: (text) => (complaint += text), writeOut: () => undefined });
    command.commands.forEach(quiet);
  };
  quiet(program);
  await program.parseAsync(argv, { from: "user" }).catch((error: Error) => (complaint += error.message));
  return complaint;
}

describe("the command line", () => {
  it("[CLI-1] says what is wrong before it touches a database", async () => {
    const nowhere = ["--database-url", "postgres://u:p@127.0.0.1:1/d"];
    expect(await run("workspace", "create", ...nowhere)).toContain("--name");
    expect(await run("workspace", "create", "--name", " ", ...nowhere)).toContain("must not be empty");
    expect(await run("workspace", "create", "--name", "a", "--mode", "prod", ...nowhere)).toContain("live, test");
    expect(await run("workspace", "create", "--name", "a", "--location-hint", "mars", ...nowhere)).toContain("apac");
    expect(await run("workspace", "rotate-secret", "nothing", ...nowhere)).toContain("must be a workspace id");
  });
});
