import { PING_TEXT, PONG_TEXT, type SendFrame } from "../../../src/protocol/frames-up.ts";
import { WS_SUBPROTOCOL_PREFIX } from "../../../src/protocol/token.ts";
import { LoadError } from "../../errors.ts";
import { RawSocket } from "../../net/raw-socket.ts";
import type { GroupMember, Heard } from "../peer.ts";
import { Answers } from "../server/answers.ts";

const TIMEOUT_MS = 15_000;
const PONG = Buffer.from(PONG_TEXT);
const CREATED = Buffer.from('{"type":"message.created"');
const READY = Buffer.from('{"type":"connection.ready"');
const ACK = Buffer.from('{"type":"message.ack"');
const ERROR = Buffer.from('{"type":"error"');
/** Answers come one a send; what comes a thousand times as often is looked at by its first bytes alone. */
const HEAD_CHARS = 120;

/** One user's socket. Each send carries a key, as every client's does. */
export class KabarMember implements GroupMember {
  readonly #channelId: string;
  readonly #key: string;
  readonly #pings = new Answers();
  readonly #sends = new Answers();
  readonly #ready = new Answers();
  #socket: RawSocket | undefined;

  /** Upgrades, and waits for `connection.ready`. */
  static async open(
    options: { url: URL; token: string; channelId: string; member: number },
    heard: Heard,
  ): Promise<KabarMember> {
    const self = new KabarMember(options.channelId, `peers-${options.member}`);
    const { answer } = self.#ready.ask();
    const events = {
      message: (payload: Buffer, at: number) => {
        if (!self.#answered(payload)) heard(options.member, payload, at);
      },
      closed: (code: number, reason: string) => self.#end(new LoadError(`the socket was closed: ${code} ${reason}`)),
    };
    const protocol = `${WS_SUBPROTOCOL_PREFIX}${options.token}`;
    self.#socket = await RawSocket.connect(options.url, protocol, events, TIMEOUT_MS);
    await answer;
    return self;
  }

  private constructor(channelId: string, key: string) {
    this.#channelId = channelId;
    this.#key = key;
  }

  send(content: string): void {
    this.store(content).catch(() => {});
  }

  store(content: string): Promise<void> {
    const { number, answer } = this.#sends.ask();
    const frame: SendFrame = {
      type: "message.send",
      id: String(number),
      data: { channel_id: this.#channelId, content, idempotency_key: `${this.#key}-${number}` },
    };
    this.#socket?.send(JSON.stringify(frame));
    return answer;
  }

  ping(): Promise<void> {
    const { answer } = this.#pings.ask();
    this.#socket?.send(PING_TEXT);
    return answer;
  }

  close(): void {
    this.#socket?.drop();
  }

  /** True where a frame is an answer to this member and no delivery. */
  #answered(payload: Buffer): boolean {
    // Looked for first: what comes most often should cost the generator no more than another server's frames do.
    if (startsWith(payload, CREATED)) return false;
    if (payload.length === PONG.length && payload.equals(PONG)) this.#pings.settleOldest();
    else if (startsWith(payload, ACK)) this.#sends.settle(idOf(payload), undefined);
    else if (startsWith(payload, ERROR)) this.#sends.refuse(idOf(payload), new LoadError(payload.toString("utf8")));
    else if (startsWith(payload, READY)) this.#ready.settleOldest();
    else return false;
    return true;
  }

  #end(error: Error): void {
    for (const answers of [this.#pings, this.#sends, this.#ready]) answers.end(error);
  }
}

function startsWith(payload: Buffer, head: Buffer): boolean {
  return payload.length >= head.length && payload.compare(head, 0, head.length, 0, head.length) === 0;
}

/** Number of the send that a frame answers; the id stands at its beginning. */
function idOf(payload: Buffer): number {
  const id = /"id":"(\d+)"/.exec(payload.toString("latin1", 0, HEAD_CHARS))?.[1];
  return id === undefined ? -1 : Number(id);
}
