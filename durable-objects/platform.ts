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

/** A hibernatable socket behind the hub's interface. */
export function hibernatingSocket(ctx: DurableObjectState, socket: WebSocket): HubSocket {
  let isClosed = false;
  return {
    send: (text) => socket.send(text),
    close: (code, reason) => {
      // A line whose other end is gone may linger, closed by us, until long after the object has slept: it is nobody's.
      isClosed = true;
      forgetState(socket);
      socket.close(code, reason);
    },
    store: (state: ConnectionState) => {
      if (!isClosed) socket.serializeAttachment(state);
    },
    lastAutoResponse: () => ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime(),
  };
}
