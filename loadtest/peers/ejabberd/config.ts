import path from "node:path";

export const DOMAIN = "localhost";
export const ROOMS = `conference.${DOMAIN}`;
const MANY = 1_000_000;

/** Address of a group's room; addresses are lower case. */
export function roomAddress(group: string): string {
  return `${group.toLowerCase()}@${ROOMS}`;
}

export function sqliteFile(folder: string): string {
  return path.join(folder, "ejabberd.sqlite");
}

export interface EjabberdSettings {
  port: number;
  folder: string;
  /** Where the archive is. */
  archive: "mnesia" | "sqlite";
}

/**
 * Configuration of a server for anonymous users on loopback with group chat and archive and nothing else, and without
 * shapers and limits. JSON, which is YAML.
 *
 * Members of a room are not told who comes and goes: with a thousand members that would be a million presences.
 */
export function ejabberdConfig({ port, folder, archive }: EjabberdSettings): string {
  const sqlite = archive === "sqlite";
  const config = {
    hosts: [DOMAIN],
    loglevel: "error",
    acme: { auto: false },
    auth_method: "anonymous",
    anonymous_protocol: "sasl_anon",
    allow_multiple_connections: true,
    max_fsm_queue: MANY,
    // Seconds of silence; the server's own pings come each minute.
    websocket_timeout: 3_600,
    ...(sqlite ? { sql_type: "sqlite", sql_database: sqliteFile(folder) } : {}),
    listen: [
      {
        port,
        ip: "127.0.0.1",
        module: "ejabberd_http",
        backlog: 1_024,
        request_handlers: { "/ws": "ejabberd_http_ws" },
      },
    ],
    modules: {
      mod_ping: {},
      // `default` is of the users' own archives; each room has one.
      mod_mam: { default: "never", db_type: sqlite ? "sql" : "mnesia" },
      mod_muc: {
        host: ROOMS,
        access: "all",
        access_create: "all",
        access_mam: "all",
        history_size: 0,
        max_users: MANY,
        max_user_conferences: MANY,
        hibernation_timeout: "infinity",
        default_room_options: {
          mam: true,
          max_users: MANY,
          members_only: false,
          persistent: false,
          presence_broadcast: [],
        },
      },
    },
  };
  return JSON.stringify(config, undefined, 2);
}
