/** Every code with which the server closes a WebSocket, and whether a client should reconnect by itself. */
export const CLOSE = {
  NORMAL: { code: 1000, reason: "normal", reconnect: false },
  POLICY: { code: 1008, reason: "policy", reconnect: false },
  FRAME_TOO_LARGE: { code: 1009, reason: "frame too large", reconnect: false },
  RESTART: { code: 1012, reason: "restart", reconnect: true },
  TOKEN_EXPIRED: { code: 4001, reason: "token expired", reconnect: false },
  USER_REMOVED: { code: 4003, reason: "user removed", reconnect: false },
  SILENCE: { code: 4008, reason: "silence", reconnect: true },
  TOO_SLOW: { code: 4009, reason: "too slow to read", reconnect: true },
  TOO_MANY_CONNECTIONS: { code: 4010, reason: "too many connections", reconnect: false },
  TOO_MANY_FRAMES: { code: 4029, reason: "too many frames", reconnect: false },
} as const satisfies Record<string, { code: number; reason: string; reconnect: boolean }>;

export type CloseReason = keyof typeof CLOSE;
