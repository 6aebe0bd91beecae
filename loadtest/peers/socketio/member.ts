import { LoadError } from "../../errors.ts";
import { RawSocket } from "../../net/raw-socket.ts";
import type { GroupMember, Heard } from "../peer.ts";
import { Answers } from "../server/answers.ts";

const TIMEOUT_MS = 15_000;
/** Types of packets of Engine.IO 4 (first digit) and, in its messages, of Socket.IO 5 (second digit). */
const ENGINE = { OPEN: "0", PING: "2", PONG: "3", MESSAGE: "4" } as const;
const PACKET = { CONNECT: "0", EVENT: "2", ACK: "3" } as const;
const code = (digit: string) => digit.charCodeAt(0);

/**
 * A client of Socket.IO on our own socket: opens the default namespace, emits with a callback, and answers the server's
 * pings. https://socket.io/docs/v4/engine-io-protocol/ and https://socket.io/docs/v4/socket-io-protocol/
 */
class SocketIoClient {
  readonly #answers = new Answers();
  readonly #opened = new Answers();
  readonly #onEvent: (packet: Buffer, at: number) => void;
  #socket: RawSocket | undefined;

  constructor(onEvent: (packet: Buffer, at: number) => void) {
    this.#onEvent = onEvent;
  }

  /** Connects to the default namespace. */
  async open(url: URL): Promise<void> {
    const { answer } = this.#opened.ask();
    const closed = (status: number) => {
      const error = new LoadError(`the socket was closed with ${status}`);
      this.#answers.end(error);
      this.#opened.end(error);
    };
    const message = (packet: Buffer, at: number) => this.#read(packet, at);
    this.#socket = await RawSocket.connect(url, "relay", { message, closed }, TIMEOUT_MS);
    this.#socket.send(`${ENGINE.MESSAGE}${PACKET.CONNECT}`);
    await answer;
  }

  /** Emits an event with a callback; settled when the server has called it. */
  emit(event: string, ...values: string[]): Promise<void> {
    const { number, answer } = this.#answers.ask();
    this.#socket?.send(`${ENGINE.MESSAGE}${PACKET.EVENT}${number}${JSON.stringify([event, ...values])}`);
    return answer;
  }

  close(): void {
    this.#socket?.drop();
  }

  #read(packet: Buffer, at: number): void {
    if (packet[0] === code(ENGINE.PING)) this.#socket?.send(ENGINE.PONG);
    if (packet[0] !== code(ENGINE.MESSAGE)) return;
    if (packet[1] === code(PACKET.EVENT)) this.#onEvent(packet, at);
    else if (packet[1] === code(PACKET.ACK)) this.#answers.settle(Number.parseInt(packet.toString("latin1", 2), 10));
    else if (packet[1] === code(PACKET.CONNECT)) this.#opened.settleOldest();
  }
}

/** One member of a room. */
export async function openSocketIoMember(url: URL, room: string, member: number, heard: Heard): Promise<GroupMember> {
  const client = new SocketIoClient((packet, at) => heard(member, packet, at));
  await client.open(url);
  await client.emit("join", room);
  return {
    send: (content) => void client.emit("message", content).catch(() => {}),
    ping: () => client.emit("latency"),
    close: () => client.close(),
  };
}
