import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { StackError } from "./errors.ts";

/** What a data folder remembers between runs: ports, so that addresses stay, and secrets that were generated once. */
export interface LocalState {
  ports: Partial<Record<"worker" | "entry" | "postgres" | "neon" | "redis" | "upstash" | "files", number>>;
  secrets: {
    postgresPassword: string;
    redisPassword: string;
    upstashToken: string;
    s3AccessKeyId: string;
    s3SecretAccessKey: string;
    jwtSecret: string;
  };
  /** Where the cluster is, when the folder itself is out of reach for the user that Postgres runs as. */
  postgresDataDir?: string;
  /** The demo workspace of `npm start`; its secret exists nowhere else, the database has only a hash. */
  demo?: { workspaceId: string; apiKey: string; apiSecret: string };
}

/** `state.json` of one data folder. Secrets inside, so only the owner may read it. */
export class StateFile {
  readonly path: string;
  readonly value: LocalState;

  constructor(dataDir: string) {
    this.path = path.join(dataDir, "state.json");
    this.value = this.#load();
    this.save();
  }

  /** Writes a new file and moves it into place, so that a crash leaves the old or the new one, never half. */
  save(): void {
    const next = `${this.path}.new`;
    fs.writeFileSync(next, `${JSON.stringify(this.value, null, 2)}\n`, { mode: 0o600 });
    fs.chmodSync(next, 0o600);
    fs.renameSync(next, this.path);
  }

  #load(): LocalState {
    if (!fs.existsSync(this.path)) return freshState();
    try {
      const read = JSON.parse(fs.readFileSync(this.path, "utf8")) as Partial<LocalState>;
      const fresh = freshState();
      return { ...read, ports: { ...read.ports }, secrets: { ...fresh.secrets, ...read.secrets } };
    } catch {
      throw new StackError(
        `${this.path} is not readable JSON: restore it, or remove the whole data folder to start anew.`,
      );
    }
  }
}

function freshState(): LocalState {
  const secret = (bytes: number): string => randomBytes(bytes).toString("hex");
  return {
    ports: {},
    secrets: {
      postgresPassword: secret(16),
      redisPassword: secret(16),
      upstashToken: secret(24),
      s3AccessKeyId: secret(16),
      s3SecretAccessKey: secret(32),
      jwtSecret: secret(32),
    },
  };
}
