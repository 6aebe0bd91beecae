/** Microseconds between two copies in a filled archive. */
export const COPY_STEP = 1_000_000;

/** What only the database itself does in a bearable time: each message that is sent costs a commit, or more. */
export interface RoomArchive {
  /**
   * Copies the only message of a room's archive this many times, each `COPY_STEP` older than the one before; ids are
   * times, so they are known.
   *
   * @throws LoadError where the database does not take so many
   */
  copy(room: string, times: number): Promise<void>;
}
