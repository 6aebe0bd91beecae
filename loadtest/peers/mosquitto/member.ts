import { LoadError } from "../../errors.ts";
import { RawSocket } from "../../net/raw-socket.ts";
import { encodeFrame, OPCODE } from "../../net/ws-frames.ts";
import type { GroupMember, Heard } from "../peer.ts";
import { Answers } from "../server/answers.ts";
import { PacketReader } from "./packet-reader.ts";
import { connectPacket, pingPacket, publishPacket, publishPayload, subscribePacket, TYPE } from "./packets.ts";

const TIMEOUT_MS = 15_000;
/** The only subscription of a connection. */
const PACKET_ID = 1;

/** One MQTT client over WebSocket that is subscribed to its group's topic, with QoS 0. */
export class MosquittoMember implements GroupMember {
  readonly #topic: string;
  readonly #member: number;
  readonly #heard: Heard;
  readonly #reader: PacketReader;

  /** What the server answers stands in one byte each; 0 is yes. */
  readonly #connected = new Answers<number | undefined>();
  readonly #subscribed = new Answers<number | undefined>();
  readonly #pings = new Answers();
  #socket: RawSocket | undefined;
  #at = 0;

  /** Connects and subscribes. */
  static async open(url: URL, group: string, member: number, heard: Heard): Promise<MosquittoMember> {
    const self = new MosquittoMember(`group/${group}`, member, heard);
    const events = {
      message: () => self.#fail(new LoadError("the server sent text, which is no MQTT")),
      binary: (payload: Buffer, at: number) => self.#read(payload, at),
      closed: (code: number, reason: string) => self.#end(new LoadError(`the socket was closed: ${code} ${reason}`)),
    };
    self.#socket = await RawSocket.connect(url, "mqtt", events, TIMEOUT_MS);
    try {
      await self.#subscribe(`${group}-${member}`);
      return self;
    } catch (error) {
      self.close();
      throw error;
    }
  }

  private constructor(topic: string, member: number, heard: Heard) {
    this.#topic = topic;
    this.#member = member;
    this.#heard = heard;
    this.#reader = new PacketReader((type, flags, body) => this.#onPacket(type, flags, body));
  }

  send(content: string): void {
    this.#write(publishPacket(this.#topic, Buffer.from(content)));
  }

  ping(): Promise<void> {
    const { answer } = this.#pings.ask();
    this.#write(pingPacket);
    return answer;
  }

  close(): void {
    this.#socket?.drop();
  }

  async #subscribe(clientId: string): Promise<void> {
    const connected = this.#connected.ask().answer;
    this.#write(connectPacket(clientId));
    const code = await connected;
    if (code !== 0) throw new LoadError(`unable to connect; because the server answered ${code}`);
    const subscribed = this.#subscribed.ask().answer;
    this.#write(subscribePacket(PACKET_ID, this.#topic));
    const granted = await subscribed;
    if (granted !== 0) throw new LoadError(`unable to subscribe; because the server answered ${granted}`);
  }

  #write(packet: Buffer): void {
    this.#socket?.sendFrame(encodeFrame(OPCODE.BINARY, packet));
  }

  #read(payload: Buffer, at: number): void {
    this.#at = at;
    try {
      this.#reader.push(payload);
    } catch (error) {
      this.#fail(new LoadError(error instanceof Error ? error.message : String(error)));
    }
  }

  #onPacket(type: number, flags: number, body: Buffer): void {
    if (type === TYPE.PUBLISH) this.#heard(this.#member, publishPayload(flags, body), this.#at);
    else if (type === TYPE.PINGRESP) this.#pings.settleOldest();
    else if (type === TYPE.CONNACK) this.#connected.settleOldest(body[1]);
    else if (type === TYPE.SUBACK) this.#subscribed.settleOldest(body[2]);
    else this.#fail(new LoadError(`the server sent a packet of type ${type}`));
  }

  #fail(error: LoadError): void {
    this.#end(error);
    this.#socket?.drop();
  }

  #end(error: LoadError): void {
    for (const answers of [this.#connected, this.#subscribed, this.#pings]) answers.end(error);
  }
}
