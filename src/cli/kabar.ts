#!/usr/bin/env node
import fs from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { addTransferCommands } from "./transfer-commands.ts";
import {
  createWorkspace,
  listWorkspaces,
  OperatorError,
  rotateSecret,
  type WorkspaceCredentials,
} from "./workspaces.ts";

const DEV_FILE = ".kabar/dev.json";
const LOCATION_HINTS = ["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"];

interface CommonOptions {
  databaseUrl?: string;
  json?: boolean;
}

/** The operator's command line. Exported for its tests; run as a program at the end of this file. */
export function buildCli(print: (line: string) => void): Command {
  const program = new Command("kabar").description("Operate a Kabar deployment.");
  const workspace = program.command("workspace").description("Workspaces and their keys");

  withCommon(workspace.command("create"))
    .description("Create a workspace and its first key. The secret is shown once.")
    .requiredOption("--name <name>", "what people call it", nonEmpty)
    .addOption(new Option("--mode <mode>", "word in the key").choices(["live", "test"]).default("live"))
    .addOption(
      new Option("--location-hint <hint>", "where its hub is created; counts at the first use only").choices(
        LOCATION_HINTS,
      ),
    )
    .action(async (options: CommonOptions & { name: string; mode: "live" | "test"; locationHint?: string }) => {
      const { name, mode, locationHint } = options;
      const hint = locationHint === undefined ? {} : { location_hint: locationHint };
      printCredentials(print, options, await createWorkspace(databaseUrlOf(options), { name, mode, ...hint }));
    });

  withCommon(workspace.command("rotate-secret"))
    .description("Replace the secret of a key. The old one stops working within 30 seconds.")
    .argument("<workspace-id>", "id of the workspace", uuid)
    .option("--key <pk>", "which key, where the workspace has several")
    .action(async (workspaceId: string, options: CommonOptions & { key?: string }) => {
      printCredentials(print, options, await rotateSecret(databaseUrlOf(options), workspaceId, options.key));
    });

  withCommon(workspace.command("list"))
    .description("List workspaces with the public halves of their keys")
    .action(async (options: CommonOptions) => {
      const listed = await listWorkspaces(databaseUrlOf(options));
      if (options.json) return print(JSON.stringify(listed, null, 2));
      for (const { id, name, created_at, keys } of listed) {
        print([id, created_at, keys.map((key) => key.id).join(","), name].join("\t"));
      }
    });

  addTransferCommands(program, { print, databaseUrlOf, withCommon, uuid });
  return program;
}

function withCommon(command: Command): Command {
  return command
    .option("--database-url <url>", `Postgres; default DATABASE_URL, else that of ${DEV_FILE}`)
    .option("--json", "print JSON");
}

function printCredentials(print: (line: string) => void, { json }: CommonOptions, made: WorkspaceCredentials): void {
  if (json) {
    print(JSON.stringify(made, null, 2));
    return;
  }
  print(`workspace  ${made.workspace_id}`);
  print(`key        ${made.api_key}`);
  print(`secret     ${made.api_secret}`);
  print("Keep the secret: it is stored as a hash only and cannot be shown again.");
}

function databaseUrlOf({ databaseUrl }: CommonOptions): string {
  const found = databaseUrl ?? process.env.DATABASE_URL ?? devDatabaseUrl();
  if (found) return found;
  throw new OperatorError(
    `which database? Give --database-url, set DATABASE_URL, or run the local stack (${DEV_FILE}).`,
  );
}

function devDatabaseUrl(): string | undefined {
  if (!fs.existsSync(DEV_FILE)) return undefined;
  const dev: unknown = JSON.parse(fs.readFileSync(DEV_FILE, "utf8"));
  const isKnown = typeof dev === "object" && dev !== null && "database_url" in dev;
  return isKnown && typeof dev.database_url === "string" ? dev.database_url : undefined;
}

function nonEmpty(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("must not be empty");
  return text.trim();
}

function uuid(text: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text))
    throw new InvalidArgumentError("must be a workspace id");
  return text;
}

/** One line that says what to do; a driver's error says what Postgres said, never the address with its password. */
function explain(error: unknown): string {
  if (error instanceof OperatorError) return error.message;
  for (let at = error; at instanceof Error; at = at.cause) {
    if (!("code" in at)) continue;
    if (at.code === "42P01") return "the database has no Kabar tables yet: apply the migrations first";
    if (at.code === "28P01") return "the database refuses the password";
    return `the database does not answer as expected (${String(at.code)})`;
  }
  return error instanceof Error ? error.message : String(error);
}

if (import.meta.main) {
  try {
    await buildCli((line) => console.log(line)).parseAsync();
  } catch (error) {
    console.error(`kabar: ${explain(error)}`);
    process.exitCode = 1;
  }
}
