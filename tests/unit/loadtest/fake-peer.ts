import type { GroupMember, Heard, Peer } from "../../../loadtest/peers/peer.ts";

/** What the fake does wrong or lacks, on purpose. */
export interface PeerFaults {
  missing?: string;
  /** How often a member hears the n-th message, from 0. */
  copies?: (message: number, member: number) => number;
  /** Every how many messages go out together, as one piece; 1 where it does not say. */
  together?: number;
  /** Fails to start. */
  broken?: string;
}

/** A server in this process that relays at once, to the sender too, and notes when it runs. */
export class FakePeer implements Peer {
  readonly name: string;
  readonly setup = "a fake";
  readonly #faults: PeerFaults;
  readonly #diary: string[];
  #messages = 0;

  constructor(name: string, diary: string[] = [], faults: PeerFaults = {}) {
    this.name = name;
    this.#diary = diary;
    this.#faults = faults;
  }

  missing(): string | undefined {
    return this.#faults.missing;
  }

  async start(folder: string) {
    if (this.#faults.broken !== undefined) throw new Error(this.#faults.broken);
    this.#diary.push(`${this.name} starts in ${folder}`);
    return {
      version: "1",
      pids: [process.pid],
      join: async (_group: string, members: number, heard: Heard) => this.#join(members, heard),
      stop: async () => {
        this.#diary.push(`${this.name} ends`);
      },
    };
  }

  #join(members: number, heard: Heard): GroupMember[] {
    let waiting: string[] = [];
    return Array.from({ length: members }, () => ({
      send: (content: string) => {
        const message = this.#messages++;
        waiting.push(content);
        if (waiting.length < (this.#faults.together ?? 1)) return;
        const bytes = Buffer.from(`{"events":${JSON.stringify(waiting)}}`);
        waiting = [];
        for (let member = 0; member < members; member++) {
          const copies = this.#faults.copies?.(message, member) ?? 1;
          for (let copy = 0; copy < copies; copy++) heard(member, bytes, performance.now());
        }
      },
      close: () => {},
    }));
  }
}
