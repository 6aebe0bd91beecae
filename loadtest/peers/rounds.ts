import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { LoadError } from "../errors.ts";
import { readEnvironment } from "../measure/environment.ts";
import { mediansOf } from "./medians.ts";
import type { Peer, RunningPeer } from "./peer.ts";
import type { Comparison, RoundResult } from "./result-schema.ts";
import type { Amounts, Played, Work } from "./works/work.ts";

export interface Setting extends Amounts {
  rounds: number;
  signal: AbortSignal;
  log(line: string): void;
}

interface Entry {
  peer: Peer;
  version: string | null;
  absent: string | null;
  rounds: RoundResult[];
}

/**
 * Plays one work against all servers, round by round, each in every round once and from an empty folder. The order
 * turns by one place per round, so that nobody is always first or always after the same one. Only one server runs at a
 * time.
 */
export async function compare(work: Work, peers: readonly Peer[], setting: Setting): Promise<Comparison> {
  const startedAt = new Date();
  const { signal, log } = setting;
  const entries = peers.map((peer): Entry => ({ peer, version: null, absent: absence(peer, work), rounds: [] }));
  for (const { peer, absent } of entries) if (absent !== null) log(`${peer.name} is left out: ${absent}`);
  let turn = 0;
  for (let round = 0; round < setting.rounds && !signal.aborted; round++) {
    for (const entry of turned(entries, round)) {
      if (entry.absent !== null || signal.aborted) continue;
      log(`${work.name}, round ${round + 1} of ${setting.rounds}: ${entry.peer.name}`);
      await takeTurn(work, entry, turn++, setting);
    }
  }
  const { members, seconds, messages, sockets, rounds } = setting;
  return {
    schema_version: 1,
    kind: "peers",
    work: work.name,
    started_at: startedAt.toISOString(),
    finished_at: new Date().toISOString(),
    interrupted: signal.aborted,
    environment: readEnvironment(true),
    options: { members, seconds, messages, sockets, rounds },
    peers: entries.map(({ peer, version, absent, rounds: played }) => ({
      name: peer.name,
      setup: peer.setup,
      version,
      absent,
      rounds: played,
      median: mediansOf(played.map(({ figures }) => figures)),
    })),
  };
}

function absence(peer: Peer, { name }: Work): string | null {
  const takesPart = peer.works?.includes(name) ?? true;
  return takesPart ? (peer.missing() ?? null) : `takes no part in ${name}`;
}

/** The same order, beginning with another one each round. */
export function turned<Item>(items: readonly Item[], round: number): Item[] {
  const first = items.length === 0 ? 0 : round % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

/** One server from its start to its end. What fails is a problem of this round and not the end of the comparison. */
async function takeTurn(work: Work, entry: Entry, turn: number, setting: Setting): Promise<void> {
  const log = (line: string) => setting.log(`  ${line}`);
  const played = await playOnce(work, entry, { ...setting, log });
  // A turn that was cut short has no figure to be compared.
  if (setting.signal.aborted) return;
  if (typeof played === "string") {
    entry.absent = played;
    log(played);
    return;
  }
  for (const problem of played.problems) log(`PROBLEM ${problem}`);
  entry.rounds.push({ turn, ...played });
}

async function playOnce(work: Work, entry: Entry, setting: Setting): Promise<Played | string> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kabar-peers-"));
  let server: RunningPeer | undefined;
  try {
    server = await entry.peer.start(folder);
    entry.version = server.version;
    return await work.play({ ...setting, server });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const text = error instanceof LoadError ? error.message : (error.stack ?? error.message);
    return { figures: {}, steps: [], problems: [text] };
  } finally {
    await server?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
