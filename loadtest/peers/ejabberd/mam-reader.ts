import { LoadError } from "../../errors.ts";
import { DOMAIN } from "./config.ts";
import { XmppSession } from "./session.ts";

const MAM = "urn:xmpp:mam:2";
const RSM = "http://jabber.org/protocol/rsm";
const RESULT = Buffer.from(`<result `);

/** Reads pages of a room's archive; one at a time. */
export class MamReader {
  readonly #room: string;
  #results = 0;
  #session: XmppSession | undefined;

  static async open(url: URL, room: string): Promise<MamReader> {
    const self = new MamReader(room);
    self.#session = await XmppSession.open(url, DOMAIN, {
      message: (frame) => {
        if (frame.includes(RESULT)) self.#results += 1;
      },
    });
    return self;
  }

  private constructor(room: string) {
    this.#room = room;
  }

  /** The `limit` messages before the one with this id, or the newest; answers how many came. */
  async page(limit: number, before: string | undefined): Promise<number> {
    if (this.#session === undefined) throw new LoadError("the reader is not open");
    this.#results = 0;
    const end = before === undefined ? "<before/>" : `<before>${before}</before>`;
    const set = `<set xmlns='${RSM}'><max>${limit}</max>${end}</set>`;
    const answer = await this.#session.iq("set", this.#room, `<query xmlns='${MAM}'>${set}</query>`);
    if (!answer.includes("<fin ")) throw new LoadError(`the archive did not end its page: ${answer.slice(0, 300)}`);
    return this.#results;
  }

  close(): void {
    this.#session?.close();
  }
}
