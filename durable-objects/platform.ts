import type { ConnectionState, HubSocket } from "./hub/connection.ts";
import type { HubSql, SqlValue } from "./hub/storage.ts";

/** The object's SQLite behind the hub's interface. */
export function durableSql(storage: DurableObjectStorage): HubSql {
  return {
    all: <Row>(query: string, ...params: SqlValue[]) => storage.sql.exec(query, ...params).toArray() as Row[],
    run: (query, ...params) => void storage.sql.exec(query, ...params),
    transaction: (work) => storage.transactionSync(work),
  };
}

/** Lets a socket that has ended belong to no connection after the next wake. */
export function forgetState(socket: WebSocket): void {
  try {
    socket.serializeAttachment(null);
  } catch {
    // Gone with its state.
  }
}

/** A hibernatable socket behind the hub's interface. A class, since closures for each socket would be most of its memory. */
export class HibernatingSocket implements HubSocket {
  readonly #ctx: DurableObjectState;
  readonly #socket: WebSocket;
  #isClosed = false;
  /** What is sent before the answer to the upgrade is on its way. */
  #early: string[] | undefined;

  /**
   * A socket that was accepted in this turn. Whatever is sent before the upgrade is answered costs eight promises of the run-time, 8 KB,
   * for as long as the socket lives, since nothing takes it at the other end; so it waits for the turn after.
   */
  static accepted(ctx: DurableObjectState, socket: WebSocket): HibernatingSocket {
    const self = new HibernatingSocket(ctx, socket);
    self.#early = [];
    setTimeout(() => self.#sendEarly(), 0);
    return self;
  }

  constructor(ctx: DurableObjectState, socket: WebSocket) {
    this.#ctx = ctx;
    this.#socket = socket;
  }

  send(text: string): void {
    if (this.#early !== undefined) this.#early.push(text);
    else this.#socket.send(text);
  }

  close(code: number, reason: string): void {
    this.#sendEarly();
    // A line whose other end is gone may linger, closed by us, until long after the object has slept: it is nobody's.
    this.#isClosed = true;
    forgetState(this.#socket);
    this.#socket.close(code, reason);
  }

  store(state: ConnectionState): void {
    if (!this.#isClosed) this.#socket.serializeAttachment(state);
  }

  lastAutoResponse(): number | undefined {
    return this.#ctx.getWebSocketAutoResponseTimestamp(this.#socket)?.getTime();
  }

  #sendEarly(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    try {
      for (const text of early) this.#socket.send(text);
    } catch {
      // It has ended meanwhile, and its end is told.
    }
  }
}
