import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { readEnvironment } from "../../measure/environment.ts";
import { findTarget, type LoadTarget } from "../../target.ts";
import { ServerProcess } from "../server/child.ts";
import { freePort } from "../server/ports.ts";
import { descendants } from "../server/process-tree.ts";

const START_MS = 120_000;
const MANY = "10000000";

/** The comparison asks a few users for more than people send: the limits are raised, and nothing else is changed. */
const LIMITS = {
  CARIOS_RATE_LIMIT_KEY_REQUESTS_PER_MINUTE: MANY,
  CARIOS_RATE_LIMIT_USER_REQUESTS_PER_MINUTE: MANY,
  CARIOS_RATE_LIMIT_ADDRESS_REQUESTS_PER_MINUTE: MANY,
  CARIOS_RATE_LIMIT_MESSAGES_PER_MINUTE: MANY,
};

/** How a stack differs from the usual one. */
export interface StackVariant {
  env?: Record<string, string>;
  args?: string[];
}

interface Running {
  server: ServerProcess;
  target: LoadTarget;
}

/** Kabar's local stack in a process of its own. */
export class KabarStack {
  readonly #folder: string;
  readonly #variant: StackVariant;
  #running: Running;

  /** Starts it with its files in `folder`. */
  static async start(folder: string, variant: StackVariant = {}): Promise<KabarStack> {
    return new KabarStack(folder, variant, await run(folder, variant));
  }

  private constructor(folder: string, variant: StackVariant, running: Running) {
    this.#folder = folder;
    this.#variant = variant;
    this.#running = running;
  }

  /** Ends it and starts it with the same data, at another address. */
  async restart(): Promise<void> {
    await this.stop();
    this.#running = await run(this.#folder, this.#variant);
  }

  get target(): LoadTarget {
    return this.#running.target;
  }

  get version(): string {
    const { commit, workerd } = readEnvironment(true);
    return `commit ${commit ?? "?"}, workerd ${workerd ?? "?"}`;
  }

  /** workerd first, then everything else of the stack: Postgres, Redis and the doors before them. */
  get pids(): readonly number[] {
    const { serverPid } = this.target;
    const others = [this.#running.server.pid, ...descendants(this.#running.server.pid)].filter(
      (pid) => pid !== serverPid,
    );
    return serverPid === undefined ? others : [serverPid, ...others];
  }

  stop(): Promise<void> {
    return this.#running.server.stop(30_000);
  }
}

async function run(folder: string, { env = {}, args = [] }: StackVariant): Promise<Running> {
  const port = await freePort();
  const dataDir = path.join(folder, "kabar");
  const file = path.join(dataDir, "dev.json");
  // What an earlier run has left would be taken for this one's.
  fs.rmSync(file, { force: true });
  const server = await ServerProcess.start({
    script: path.join(import.meta.dirname, "../../../src/local/start.ts"),
    args: ["--port", String(port), "--data", dataDir, ...args],
    env: { ...LIMITS, ...env },
    // Written last, when everything answers.
    isReady: () => isWhole(file),
    timeoutMs: START_MS,
  });
  return { server, target: findTarget({ allowRemote: false }, {}, pathToFileURL(file)) };
}

function isWhole(file: string): boolean {
  try {
    JSON.parse(fs.readFileSync(file, "utf8"));
    return true;
  } catch {
    return false;
  }
}
