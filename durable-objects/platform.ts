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

  constructor(ctx: DurableObjectState, socket: WebSocket) {
    this.#ctx = ctx;
    this.#socket = socket;
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  close(code: number, reason: string): void {
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
}
