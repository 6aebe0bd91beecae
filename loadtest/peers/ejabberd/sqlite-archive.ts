import { LoadError } from "../../errors.ts";
import { COPY_STEP, type RoomArchive } from "./archive.ts";
import { sqliteFile } from "./config.ts";

const COPY = `
  INSERT INTO archive (username, timestamp, peer, bare_peer, xml, txt, kind, nick)
  WITH RECURSIVE age(n) AS (SELECT @times UNION ALL SELECT n - 1 FROM age WHERE n > 1)
  SELECT username, timestamp - n * @step, peer, bare_peer, xml, txt, kind, nick FROM archive, age WHERE username = @room
`;
/** ejabberd may be writing. */
const WAIT_MS = 30_000;

/** Rows that ejabberd wrote, in its own database. */
export class SqliteArchive implements RoomArchive {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async copy(room: string, times: number): Promise<void> {
    // Node has it since version 22; only this needs it.
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(sqliteFile(this.#folder), { timeout: WAIT_MS });
    try {
      const { changes } = database.prepare(COPY).run({ room, times, step: COPY_STEP });
      if (changes !== times) throw new LoadError(`unable to fill the archive; because ${changes} rows were copied`);
    } finally {
      database.close();
    }
  }
}
