import { LoadError } from "../../errors.ts";
import { RawSocket } from "../../net/raw-socket.ts";
import type { GroupMember, Heard } from "../peer.ts";
import { Answers } from "../server/answers.ts";

const PING = '{"type":"ping"}';
const PONG = Buffer.from('{"type":"pong"}');
const ACK = "a".charCodeAt(0);
const TIMEOUT_MS = 15_000;

/** One socket of a bare object's group. What it relays is the content alone, which never begins with an `a`. */
export class BareMember implements GroupMember {
  readonly #socket: RawSocket;
  readonly #pings: Answers;

  static async open(url: URL, durable: boolean, member: number, heard: Heard): Promise<BareMember> {
    const pings = new Answers();
    const acks = new Answers();
    const socket = await RawSocket.connect(
      url,
      "relay",
      {
        message(payload, at) {
          if (payload.length === PONG.length && payload.equals(PONG)) pings.settleOldest();
          else if (payload[0] === ACK) acks.settle(Number(payload.toString("latin1", 1)));
          else heard(member, payload, at);
        },
        closed(code) {
          const error = new LoadError(`the socket was closed with ${code}`);
          pings.end(error);
          acks.end(error);
        },
      },
      TIMEOUT_MS,
    );
    return durable ? new DurableMember(socket, pings, acks) : new BareMember(socket, pings);
  }

  constructor(socket: RawSocket, pings: Answers) {
    this.#socket = socket;
    this.#pings = pings;
  }

  send(content: string): void {
    this.#socket.send(content);
  }

  ping(): Promise<void> {
    const { answer } = this.#pings.ask();
    this.#socket.send(PING);
    return answer;
  }

  close(): void {
    this.#socket.drop();
  }
}

/** The member of an object that stores: every message has a number, under which it is answered. */
class DurableMember extends BareMember {
  readonly #acks: Answers;

  constructor(socket: RawSocket, pings: Answers, acks: Answers) {
    super(socket, pings);
    this.#acks = acks;
  }

  override send(content: string): void {
    this.store(content).catch(() => {});
  }

  store(content: string): Promise<void> {
    const { number, answer } = this.#acks.ask();
    super.send(`${number} ${content}`);
    return answer;
  }
}
