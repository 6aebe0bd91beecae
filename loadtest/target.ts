import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { UsageError } from "./errors.ts";

/** Where the load goes, and the workspace key that sets up the users. */
export interface LoadTarget {
  baseUrl: URL;
  /** `key:secret`, as it follows `Bearer`. */
  credential: string;
  loopback: boolean;
  /** Process of the server, where the local stack names it. */
  serverPid?: number;
  /** The local stack's database and the workspace of the key, for what only the operator's way can make. */
  local?: { databaseUrl: string; databaseHttpUrl: string | undefined; workspaceId: string };
}

/** What the load tool reads of `.kabar/dev.json`, which `npm start` writes. */
const devFileSchema = z.object({
  base_url: z.url(),
  api_key: z.string(),
  api_secret: z.string(),
  workspace_id: z.string(),
  worker_pid: z.number().int().optional(),
  database_url: z.string().optional(),
  database_http_url: z.url().optional(),
});

const projectRoot = path.join(import.meta.dirname, "..");

/** The file of the local stack that runs in the usual data folder, or in the one that `KABAR_DATA_DIR` names. */
function devFileOf(env: Record<string, string | undefined>): URL {
  return pathToFileURL(path.resolve(projectRoot, env.KABAR_DATA_DIR ?? ".kabar", "dev.json"));
}

/** Puts the target together: options first, then environment, then the running local stack. */
export function findTarget(
  options: { baseUrl?: string; allowRemote: boolean },
  env: Record<string, string | undefined> = process.env,
  file: URL = devFileOf(env),
): LoadTarget {
  const dev = readDevFile(file);
  const address = options.baseUrl ?? env.KABAR_BASE_URL ?? dev?.base_url;
  const key = env.KABAR_API_KEY ?? dev?.api_key;
  const secret = env.KABAR_API_SECRET ?? dev?.api_secret;
  if (address === undefined || key === undefined || secret === undefined) {
    throw new UsageError(
      "No target: start the local stack with `npm start`, or set KABAR_BASE_URL, KABAR_API_KEY and KABAR_API_SECRET.",
    );
  }
  if (!URL.canParse(address)) throw new UsageError(`"${address}" is not a URL.`);
  const baseUrl = new URL(address);
  if (baseUrl.protocol !== "http:" && baseUrl.protocol !== "https:") {
    throw new UsageError(`"${address}" must be an http or https URL.`);
  }
  const loopback = isLoopback(baseUrl.hostname);
  if (!loopback && !options.allowRemote) {
    throw new UsageError(
      `${baseUrl.host} is not this machine. Load only what is yours; if it is, repeat with --allow-remote.`,
    );
  }
  const known = dev !== undefined && new URL(dev.base_url).origin === baseUrl.origin;
  const ours = known && key === dev.api_key && dev.database_url !== undefined;
  return {
    baseUrl,
    credential: `${key}:${secret}`,
    loopback,
    serverPid: known ? dev.worker_pid : undefined,
    ...(ours
      ? {
          local: {
            databaseUrl: dev.database_url ?? "",
            databaseHttpUrl: dev.database_http_url,
            workspaceId: dev.workspace_id,
          },
        }
      : {}),
  };
}

/** True for names and addresses that never leave this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function readDevFile(file: URL): z.infer<typeof devFileSchema> | undefined {
  if (!fs.existsSync(file)) return undefined;
  const read = devFileSchema.safeParse(JSON.parse(fs.readFileSync(file, "utf8")));
  if (!read.success) throw new UsageError(`.kabar/dev.json is not as expected: ${z.prettifyError(read.error)}`);
  return read.data;
}
