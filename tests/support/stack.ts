import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { createWorkspace } from "../../src/cli/workspaces.ts";
import { isLocked } from "../../src/local/lock.ts";
import { migrate } from "../../src/local/migrate.ts";
import { endLeftovers } from "../../src/local/pid-files.ts";
import { type Stack, type StackOptions, startStack } from "../../src/local/stack.ts";

const PREFIX = "kabar-test-";
/** How often a stack is started at most. */
const STARTS = 3;

export interface TestStackOptions {
  /** More settings, for the Worker (`CARIOS_*`) or for the stack (`KABAR_*`). */
  env?: Record<string, string>;
  /** True builds dist/web first; the default leaves it as it is. */
  web?: boolean;
  log?: (line: string) => void;
  /** False leaves the database empty: no migrations, no workspace. */
  schema?: boolean;
  /** True makes the workspace the demo's: `/demo/session` signs its two users in. */
  demo?: boolean;
  workerMain?: string;
}

export interface TestStack extends Stack {
  readonly dataDir: string;
  readonly workspaceId: string;
  readonly apiKey: string;
  readonly apiSecret: string;
  /** Value of the Authorization header for the workspace's key. */
  readonly authorization: string;
}

/**
 * A stack of its own for one test file: own temporary folder, free ports, own Postgres with the schema and a fresh
 * workspace. `stop()` also removes the folder. Runs beside `npm start` and beside other test stacks.
 */
export async function startTestStack(options: TestStackOptions = {}): Promise<TestStack> {
  await removeAbandoned();
  const dataDir = path.join(os.tmpdir(), `${PREFIX}${process.pid}-${randomBytes(4).toString("hex")}`);
  let workspace = { workspace_id: "", api_key: "", api_secret: "" };
  const stackOptions: StackOptions = {
    dataDir,
    env: { CARIOS_WEBHOOK_ALLOW_PRIVATE: "true", ...options.env },
    web: options.web ?? false,
    prepare: async (databaseUrl): Promise<Record<string, string>> => {
      if (options.schema === false) return {};
      await migrate(databaseUrl);
      workspace = await createWorkspace(databaseUrl, { name: "Test", mode: "test" });
      return options.demo ? { KABAR_DEMO_WORKSPACE_ID: workspace.workspace_id } : {};
    },
    ...(options.log && { log: options.log }),
    ...(options.workerMain !== undefined && { workerMain: options.workerMain }),
  };
  const stack = await startAnew(stackOptions);
  return {
    ...stack,
    dataDir,
    workspaceId: workspace.workspace_id,
    apiKey: workspace.api_key,
    apiSecret: workspace.api_secret,
    authorization: `Bearer ${workspace.api_key}:${workspace.api_secret}`,
    stop: () => stack.destroy(),
  };
}

/** Starts on other ports where one was taken between its choice and its use, as by a connection of another test. */
async function startAnew(options: StackOptions): Promise<Stack> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startStack(options);
    } catch (error) {
      fs.rmSync(options.dataDir, { recursive: true, force: true });
      if (attempt >= STARTS || !/in use/i.test(String(error))) throw error;
    }
  }
}

/** Removes what test runs left that were killed: their parts and their folders. */
async function removeAbandoned(): Promise<void> {
  for (const name of fs.readdirSync(os.tmpdir())) {
    const dataDir = path.join(os.tmpdir(), name);
    // A folder without its lock yet is another stack that is just starting: give it a minute.
    if (!name.startsWith(PREFIX) || isLocked(dataDir) || isYoung(dataDir)) continue;
    await endLeftovers(dataDir);
    fs.rmSync(dataDir, { recursive: true, force: true });
  }
}

function isYoung(folder: string): boolean {
  const stat = fs.statSync(folder, { throwIfNoEntry: false });
  return stat === undefined || Date.now() - stat.mtimeMs < 60_000;
}
