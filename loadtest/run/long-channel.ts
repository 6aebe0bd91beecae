import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { v7 as uuidv7 } from "uuid";
import { channelSchema } from "../../src/protocol/channel.ts";
import type { ExportLine } from "../../src/protocol/export.ts";
import { historySchema } from "../../src/protocol/message.ts";
import { LoadError, UsageError } from "../errors.ts";
import { HttpError } from "../net/http-client.ts";
import type { PlayOf } from "../play-schema.ts";
import type { Scenario } from "../scenario.ts";
import type { Bench } from "./bench.ts";
import { createGroup, createUsers, issueTokens, type LoadUser } from "./population.ts";

const cli = path.join(import.meta.dirname, "..", "..", "src", "cli", "kabar.ts");
const FIRST_AT = Date.parse("2024-01-01T00:00:00.000Z");
const MESSAGE_EVERY_MS = 30_000;

export interface LongChannel {
  workspaceId: string;
  /** Members with tokens. */
  readers: LoadUser[];
}

/** What of a run the making of the channel needs. */
type Setting = Pick<Bench, "api" | "target" | "log"> & { scenario: Pick<Scenario, "seconds"> };

/** Makes the channel once, by `kabar import` into the local stack's database; a later run finds it. */
export async function prepareLongChannel(
  bench: Setting,
  play: Pick<PlayOf<"history">, "messages" | "readers">,
): Promise<LongChannel> {
  const { api, target } = bench;
  if (target.local === undefined) {
    throw new UsageError(
      "A long channel is made by an import into the local stack's database, which is not known here.",
    );
  }
  const key = target.credential;
  const { workspaceId, databaseUrl } = target.local;
  const externalIds = Array.from({ length: play.readers }, (_, index) => readerId(index));
  await createUsers(api, key, externalIds);
  const name = `load-history-${play.messages}`;
  if (!(await exists(bench, name))) {
    bench.log("importing it; this happens once");
    await importChannel(databaseUrl, workspaceId, name, play.messages, externalIds);
  }
  // Readers that an earlier run with fewer of them did not have are added.
  const group = await createGroup(api, key, name, externalIds);
  const head = `/v1/channels/${group.channelId}/messages?limit=1`;
  const { messages } = await api.call({ method: "GET", path: head, credential: key }, historySchema());
  if ((messages[0]?.seq ?? 0) < play.messages) {
    throw new LoadError(`the channel ${name} has ${messages[0]?.seq ?? 0} of ${play.messages} messages`);
  }
  const readers: LoadUser[] = [];
  await issueTokens(api, key, externalIds, bench.scenario.seconds, (token, member) => {
    readers[member] = { externalId: externalIds[member] ?? "", token, group, member };
  });
  return { workspaceId, readers };
}

/** Id of the n-th message from 1: the same in every run, and in the order of time as ids are. */
export function historyMessageId(workspaceId: string, messages: number, seq: number): string {
  const random = createHash("sha256").update(`${workspaceId} ${messages} ${seq}`).digest().subarray(0, 16);
  return uuidv7({ msecs: FIRST_AT + seq * MESSAGE_EVERY_MS, random });
}

/** The lines of the import, in the form of `src/protocol/export.ts`. */
export function* longChannelLines(
  workspaceId: string,
  name: string,
  messages: number,
  externalIds: readonly string[],
): Generator<ExportLine> {
  const time = (seq: number) => new Date(FIRST_AT + seq * MESSAGE_EVERY_MS).toISOString();
  const nothing = { avatar_url: null, metadata: {} };
  for (const id of externalIds) {
    yield { type: "user", data: { id, external_id: id, name: id, created_at: time(0), ...nothing } };
  }
  yield {
    type: "channel",
    data: {
      id: name,
      external_id: name,
      type: "group",
      name,
      avatar_url: null,
      created_by: null,
      created_at: time(0),
      deleted_at: null,
    },
  };
  for (const [index, id] of externalIds.entries()) {
    const role = index === 0 ? "admin" : "member";
    const cursors = { last_read_at: null, last_delivered_at: null };
    yield { type: "member", data: { channel_id: name, user_id: id, role, joined_at: time(0), ...cursors } };
  }
  for (let seq = 1; seq <= messages; seq++) {
    yield {
      type: "message",
      data: {
        id: historyMessageId(workspaceId, messages, seq),
        channel_id: name,
        user_id: externalIds[seq % externalIds.length] ?? null,
        content: `Message ${seq} of a long conversation, about as long as what people write to each other in a chat.`,
        type: "text",
        attachment_url: null,
        attachment: null,
        created_at: time(seq),
        edited_at: null,
        deleted_at: null,
        parent_id: null,
        thread_root_id: null,
        mentions: [],
        metadata: {},
        pinned_at: null,
        client_id: null,
      },
    };
  }
}

function readerId(index: number): string {
  return `load-reader-${String(index + 1).padStart(5, "0")}`;
}

async function exists({ api, target }: Setting, name: string): Promise<boolean> {
  try {
    await api.call({ method: "GET", path: `/v1/channels/${name}`, credential: target.credential }, channelSchema());
    return true;
  } catch (error) {
    if (error instanceof LoadError && error.cause instanceof HttpError && error.cause.status === 404) return false;
    throw error;
  }
}

async function importChannel(
  databaseUrl: string,
  workspaceId: string,
  name: string,
  messages: number,
  externalIds: readonly string[],
): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kabar-load-"));
  try {
    const file = path.join(folder, "channel.ndjson");
    await writeLines(file, longChannelLines(workspaceId, name, messages, externalIds));
    await runImport(databaseUrl, workspaceId, file);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function writeLines(file: string, lines: Iterable<ExportLine>): Promise<void> {
  const out = fs.createWriteStream(file, { highWaterMark: 1024 * 1024 });
  for (const line of lines) if (!out.write(`${JSON.stringify(line)}\n`)) await once(out, "drain");
  out.end();
  await once(out, "finish");
}

async function runImport(databaseUrl: string, workspaceId: string, file: string): Promise<void> {
  const child = spawn(process.execPath, [cli, "import", file, "--workspace", workspaceId, "--json"], {
    env: { ...process.env, DATABASE_URL: databaseUrl },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = `${said}${text}`.slice(-2_000);
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new LoadError(`unable to import the channel; because ${said.trim() || `exit code ${code}`}`);
}
