import { randomBytes } from "node:crypto";
import { sleep } from "../../run/clock.ts";
import { markedContent } from "../../run/message-mark.ts";
import { type Audience, DeliveryCounter, type Tally } from "../measure/delivery-counter.ts";
import type { GroupMember, PlannedGroup, RunningPeer } from "../peer.ts";
import type { Figures, Step, WorkName } from "../result-schema.ts";

/** How much of each work is done. */
export interface Amounts {
  /** Members of the group of `fanout`, and of all groups of `sends` together. */
  members: number;
  /** Of the measured part, or of each step. */
  seconds: number;
  /** Length of the channel of `history`. */
  messages: number;
  /** Members of the last stage of `memory`. */
  sockets: number;
}

export interface WorkContext extends Amounts {
  server: RunningPeer;
  signal: AbortSignal;
  log(line: string): void;
}

export interface Played {
  figures: Figures;
  steps: Step[];
  problems: string[];
}

/** A figure in the table. */
export interface Column {
  figure: string;
  title: string;
  /** Whether more of it is better; the ratios are turned so that more than 1 is always better. */
  better: "more" | "less";
  /** Told with its range and with the ratios to the limit line and to Kabar; the picture is of the first of these. */
  main?: true;
}

/** One thing that all servers are asked to do. */
export interface Work {
  readonly name: WorkName;
  /** In one line, for the table. */
  describe(amounts: Amounts): string;
  readonly columns: (amounts: Amounts) => Column[];
  /** Length where `--seconds` says none. */
  readonly seconds: number;
  /** Plays it once; a text says why this server has no part in it. */
  play(context: WorkContext): Promise<Played | string>;
}

/** Bytes of a message's content in all works. */
export const CONTENT_BYTES = 120;

export interface Group {
  audience: Audience;
  members: GroupMember[];
}

/** The groups of one play, what is sent to them and what arrives. */
export class Conversation {
  readonly #run = randomBytes(4).toString("hex");
  readonly counter = new DeliveryCounter(this.#run);
  readonly #server: RunningPeer;

  constructor(server: RunningPeer) {
    this.#server = server;
  }

  /** A group whose name no other play has used. */
  async join(name: string, members: number): Promise<Group> {
    const audience = this.counter.audience(members);
    const joined = await this.#server.join(this.#groupName(name), members, audience.heard);
    return { audience, members: joined };
  }

  /** See `RunningPeer.prepare`; for groups that are joined later. */
  async prepare(groups: readonly PlannedGroup[]): Promise<void> {
    await this.#server.prepare?.(groups.map(({ group, members }) => ({ group: this.#groupName(group), members })));
  }

  /** Content of the next message, which counts from now on. */
  begin(tally: Tally, { audience }: Group, sender: number, intendedAt: number): string {
    const number = this.counter.begin(tally, audience, sender, intendedAt);
    return markedContent(this.#run, number, CONTENT_BYTES);
  }

  /** Another one in each play. */
  #groupName(name: string): string {
    return `g${this.#run}-${name}`;
  }

  /** What must never happen. */
  problems(): string[] {
    const { duplicates, misdelivered } = this.counter;
    return [
      ...(duplicates === 0 ? [] : [`${duplicates} deliveries came twice`]),
      ...(misdelivered === 0 ? [] : [`${misdelivered} deliveries at somebody else's`]),
    ];
  }
}

/** Lets all members go. */
export function closeAll(groups: readonly Group[]): void {
  for (const { members } of groups) for (const member of members) member.close();
}

/** Waits until nothing of a tally is missing; false where it was too long, or the run is stopped. */
export async function settled(tally: Tally, milliseconds: number, signal: AbortSignal): Promise<boolean> {
  const until = performance.now() + milliseconds;
  while (tally.missing > 0) {
    if (performance.now() > until || signal.aborted) return false;
    await sleep(10);
  }
  return true;
}
