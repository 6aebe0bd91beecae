import { spawnSync } from "node:child_process";

/** Configuration of a broker that is open to everybody on loopback, and holds nobody back. */
export function mosquittoConfig(ports: { webSocketPort: number; tcpPort: number }): string {
  return `${[
    // As root it would become another user, who may not read the folder.
    "user root",
    "per_listener_settings false",
    "allow_anonymous true",
    "persistence false",
    "log_dest stderr",
    "log_type error",
    "connection_messages false",
    "sys_interval 0",
    "set_tcp_nodelay true",
    // Without limits.
    "max_queued_messages 0",
    "max_inflight_messages 0",
    `listener ${ports.webSocketPort} 127.0.0.1`,
    "protocol websockets",
    // Only so does a listener of WebSockets keep to the address.
    "socket_domain ipv4",
    // 2.0 does not start where all its listeners are of WebSockets.
    `listener ${ports.tcpPort} 127.0.0.1`,
  ].join("\n")}\n`;
}

/** Version as the program says; `?` where it does not. */
export function installedVersion(program: string): string {
  const { stdout } = spawnSync(program, ["-h"], { encoding: "utf8", timeout: 5_000 });
  return /mosquitto version (\S+)/.exec(stdout ?? "")?.[1] ?? "?";
}
