import { createHash } from "node:crypto";

const FLAGS_LINE = /^#!lua flags=allow-key-locking[^\n]*/;

/**
 * @upstash/ratelimit's scripts begin with a flag that only Upstash knows and that Redis refuses. This takes the line
 * away and translates the hash that the client computed over the original.
 */
export class LuaScripts {
  readonly #hashes = new Map<string, string>();

  /** The command as a plain Redis understands it. */
  translate(command: readonly string[]): string[] {
    const [name = "", second = "", third = "", ...rest] = command;
    switch (name.toUpperCase()) {
      case "EVAL":
      case "EVAL_RO":
        return [name, this.#strip(second), third, ...rest];
      case "EVALSHA":
      case "EVALSHA_RO":
        return [name, this.#hashes.get(second) ?? second, third, ...rest];
      case "SCRIPT":
        return second.toUpperCase() === "LOAD" ? [name, second, this.#strip(third), ...rest] : [...command];
      default:
        return [...command];
    }
  }

  /** Hash to give back for a `SCRIPT LOAD`: the one of the text that the client sent. */
  loadedHash(command: readonly string[]): string | undefined {
    const isLoad = command[0]?.toUpperCase() === "SCRIPT" && command[1]?.toUpperCase() === "LOAD";
    return isLoad ? sha1(command[2] ?? "") : undefined;
  }

  #strip(script: string): string {
    if (!FLAGS_LINE.test(script)) return script;
    const plain = script.replace(FLAGS_LINE, "");
    this.#hashes.set(sha1(script), sha1(plain));
    return plain;
  }
}

function sha1(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}
