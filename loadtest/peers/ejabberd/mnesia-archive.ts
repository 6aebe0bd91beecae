import fs from "node:fs";
import path from "node:path";
import { LoadError } from "../../errors.ts";
import { sleep } from "../../run/clock.ts";
import type { ServerProcess } from "../server/child.ts";
import { COPY_STEP, type RoomArchive } from "./archive.ts";

const WAIT_MS = 300_000;
/** With so many, a page costs more than a second of processor time; with 100,000 nine seconds, and the server a gigabyte. */
const MOST = 20_000;
const LOOK_MS = 50;

/**
 * ejabberd's table, which is a file of Erlang's dets. All messages of a room are one entry there that is rewritten with
 * each message and read whole for each page, so that an archive of thousands can only be made in one call.
 */
export class MnesiaArchive implements RoomArchive {
  readonly #server: ServerProcess;
  readonly #answer: string;

  constructor(folder: string, server: ServerProcess) {
    this.#server = server;
    this.#answer = path.join(folder, "copied");
  }

  async copy(room: string, times: number): Promise<void> {
    if (times > MOST) {
      throw new LoadError(`unable to fill the archive; because Mnesia reads all of it for each page: at most ${MOST}`);
    }
    this.#server.tell(copyExpression(room, times, this.#answer));
    const until = performance.now() + WAIT_MS;
    while (!fs.existsSync(this.#answer)) {
      if (performance.now() > until) throw new LoadError(`unable to fill the archive; because it took ${WAIT_MS} ms`);
      await sleep(LOOK_MS);
    }
    const said = fs.readFileSync(this.#answer, "utf8");
    if (said !== "ok") throw new LoadError(`unable to fill the archive; because ${said}`);
  }
}

/** Erlang for the shell. A record is `{archive_msg, us, id, timestamp, …}` (ejabberd's `mod_mam.hrl`). */
export function copyExpression(room: string, times: number, answer: string): string {
  const [user, server] = room.split("@");
  return `
    Copied = (catch begin
      [Message] = mnesia:dirty_read(archive_msg, {<<"${user}">>, <<"${server}">>}),
      Newest = binary_to_integer(element(3, Message)),
      ok = dets:insert(archive_msg, [
        setelement(3, setelement(4, Message, misc:usec_to_now(Id)), integer_to_binary(Id))
        || Age <- lists:seq(${times}, 1, -1), Id <- [Newest - Age * ${COPY_STEP}]]),
      ok = dets:sync(archive_msg)
    end), file:write_file(${JSON.stringify(`${answer}.part`)}, io_lib:format("~p", [Copied])), file:rename(${JSON.stringify(`${answer}.part`)}, ${JSON.stringify(answer)}).
  `;
}
