import { LoadError } from "../../errors.ts";
import type { GroupMember, Heard } from "../peer.ts";
import { Answers } from "../server/answers.ts";
import { DOMAIN, roomAddress } from "./config.ts";
import { XmppSession } from "./session.ts";
import { archiveId, attribute, errorCondition, hasAttribute, isGroupchat } from "./stanza.ts";

const MUC = "http://jabber.org/protocol/muc";
const PING = "<ping xmlns='urn:xmpp:ping'/>";
const SUBJECT = Buffer.from("<subject");

/** One occupant of a room (XEP-0045). */
export class MucMember implements GroupMember {
  readonly #room: string;
  readonly #member: number;
  readonly #heard: Heard;
  readonly #joined = new Answers();
  readonly #stored = new Answers<string>();
  readonly #idPrefix: string;
  #sent = 0;
  #isIn = false;
  /** Stores that are not answered yet: without any, nothing that arrives is looked at closely. */
  #storing = 0;
  #session: XmppSession | undefined;

  /** Logs in and enters the room, which the first one makes. */
  static async open(url: URL, group: string, member: number, heard: Heard): Promise<MucMember> {
    const self = new MucMember(roomAddress(group), member, heard);
    const session = await XmppSession.open(url, DOMAIN, {
      message: (frame, at) => self.#message(frame, at),
      presence: (frame) => self.#presence(frame),
      closed: (error) => self.#end(error),
    });
    self.#session = session;
    try {
      const { answer } = self.#joined.ask();
      session.send(`<presence xmlns='jabber:client' to='${self.#room}/m${member}'><x xmlns='${MUC}'/></presence>`);
      await answer;
      self.#isIn = true;
      return self;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  private constructor(room: string, member: number, heard: Heard) {
    this.#room = room;
    this.#member = member;
    this.#heard = heard;
    this.#idPrefix = `m${member}-`;
  }

  send(content: string): void {
    this.#send(`s${this.#sent++}`, content);
  }

  async store(content: string): Promise<void> {
    await this.archive(content);
  }

  /** Sends one message; answers its id in the archive when the room sends it back. */
  async archive(content: string): Promise<string> {
    const { number, answer } = this.#stored.ask();
    this.#storing += 1;
    try {
      this.#send(`${this.#idPrefix}${number}`, content);
      return await answer;
    } finally {
      this.#storing -= 1;
    }
  }

  async ping(): Promise<void> {
    await this.#session?.iq("get", DOMAIN, PING);
  }

  close(): void {
    this.#session?.close();
  }

  #send(id: string, content: string): void {
    this.#session?.send(
      `<message xmlns='jabber:client' to='${this.#room}' type='groupchat' id='${id}'><body>${content}</body></message>`,
    );
  }

  #message(frame: Buffer, at: number): void {
    if (this.#storing > 0) this.#answered(frame);
    if (!isGroupchat(frame)) return;
    if (this.#isIn) this.#heard(this.#member, frame, at);
    // The subject is the last that the room says to whoever enters (XEP-0045, 7.1).
    else if (frame.includes(SUBJECT)) this.#joined.settleOldest();
  }

  /** Looks whether this is the room's copy of one's own message, or its refusal: both carry the id of then. */
  #answered(frame: Buffer): void {
    const id = attribute(frame, "id");
    if (id === undefined || !id.startsWith(this.#idPrefix)) return;
    const number = Number(id.slice(this.#idPrefix.length));
    const archived = archiveId(frame);
    if (hasAttribute(frame, "type", "error")) {
      this.#stored.refuse(number, new LoadError(`the room refused a message: ${errorCondition(frame)}`));
    } else if (archived === undefined) {
      this.#stored.refuse(number, new LoadError("the room did not archive a message"));
    } else this.#stored.settle(number, archived);
  }

  #presence(frame: Buffer): void {
    if (!hasAttribute(frame, "type", "error")) return;
    this.#joined.end(new LoadError(`unable to enter the room; because ${errorCondition(frame)}`));
  }

  #end(error: LoadError): void {
    this.#joined.end(error);
    this.#stored.end(error);
  }
}
