import { LoadError } from "../../errors.ts";
import type { HistoryReader, PeerHistory } from "../peer.ts";
import { COPY_STEP, type RoomArchive } from "./archive.ts";
import { roomAddress } from "./config.ts";
import { MamReader } from "./mam-reader.ts";
import { MucMember } from "./member.ts";

const GROUP = "history";
const FILLER = "the quick brown fox jumps over the lazy dog ";

/** The archive of one room (XEP-0313): a message that was sent, and older copies of it. */
export class MamHistory implements PeerHistory {
  readonly #url: URL;
  readonly #archive: RoomArchive;
  readonly #room = roomAddress(GROUP);
  /** The room and its archive exist as long as somebody is in it. */
  #occupant: MucMember | undefined;
  #newest = 0;
  #messages = 0;

  constructor(url: URL, archive: RoomArchive) {
    this.#url = url;
    this.#archive = archive;
  }

  async fill(messages: number, bytes: number): Promise<void> {
    if (this.#occupant !== undefined) throw new LoadError("unable to fill the archive; because it is filled already");
    this.#occupant = await MucMember.open(this.#url, GROUP, 0, () => {});
    this.#newest = Number(
      await this.#occupant.archive(FILLER.repeat(Math.ceil(bytes / FILLER.length)).slice(0, bytes)),
    );
    await this.#archive.copy(this.#room, messages - 1);
    this.#messages = messages;
  }

  async openReader(): Promise<HistoryReader> {
    const reader = await MamReader.open(this.#url, this.#room);
    return {
      page: (place, limit) => reader.page(limit, this.#idAfter(Math.round(place * this.#messages))),
      close: () => reader.close(),
    };
  }

  /** Id of the message after the first so many; undefined after the newest. */
  #idAfter(end: number): string | undefined {
    return end >= this.#messages ? undefined : String(this.#newest - (this.#messages - 1 - end) * COPY_STEP);
  }
}
