import fs from "node:fs";
import { finished } from "node:stream/promises";
import type { Command } from "commander";
import { exportTo } from "./export.ts";
import { type ImportResult, importFile } from "./import.ts";

interface Options {
  databaseUrl?: string;
  json?: boolean;
  workspace: string;
}

/** What the commands take from the rest of the command line. */
export interface Surroundings {
  print(line: string): void;
  databaseUrlOf(options: Options): string;
  withCommon(command: Command): Command;
  uuid(text: string): string;
}

/** Adds `kabar import` and `kabar export`. */
export function addTransferCommands(program: Command, { print, databaseUrlOf, withCommon, uuid }: Surroundings): void {
  withCommon(program.command("import"))
    .description(
      "Import users, channels, members, messages and reactions from NDJSON. Repeat it to go on where it broke off.",
    )
    .argument("<file>", "file in the form that an export has")
    .requiredOption("--workspace <id>", "into which workspace", uuid)
    .option("--hold", "leave the channels hidden, so that further files can be imported into them")
    .action(async (file: string, options: Options & { hold?: boolean }) => {
      const started = Date.now();
      const done = await importFile({
        databaseUrl: databaseUrlOf(options),
        workspaceId: options.workspace,
        file,
        hold: options.hold ?? false,
        ...(options.json || !process.stderr.isTTY ? {} : { onProgress: showProgress }),
      });
      if (options.json) return print(JSON.stringify(done, null, 2));
      const seconds = (Date.now() - started) / 1000;
      print(`messages   ${done.messages} in ${seconds.toFixed(1)} s`);
      print(
        `reactions  ${done.reactions}${done.orphans === 0 ? "" : `, ${done.orphans} to unknown messages left out`}`,
      );
      print(options.hold ? "channels   hidden until an import without --hold" : `channels   ${done.opened} opened`);
    });

  withCommon(program.command("export"))
    .description("Export everything of a workspace as NDJSON, in the form that an import reads")
    .requiredOption("--workspace <id>", "which workspace", uuid)
    .option("--out <file>", "where to; default standard output")
    .action(async (options: Options & { out?: string }) => {
      const out = options.out === undefined ? process.stdout : fs.createWriteStream(options.out);
      await exportTo(databaseUrlOf(options), options.workspace, out);
      if (out === process.stdout) return;
      out.end();
      await finished(out);
    });
}

function showProgress({ messages, reactions }: ImportResult): void {
  process.stderr.write(`\r${messages} messages, ${reactions} reactions`);
}
