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

/** A hibernatable socket behind the hub's interface. */
export function hibernatingSocket(ctx: DurableObjectState, socket: WebSocket): HubSocket {
  return {
    send: (text) => socket.send(text),
    close: (code, reason) => socket.close(code, reason),
    store: (state: ConnectionState) => socket.serializeAttachment(state),
    lastAutoResponse: () => ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime(),
  };
}
