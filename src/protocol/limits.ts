/** Fixed limits of the wire contract. What a deployment may change is a setting (`src/platform/settings.ts`) instead. */
export const LIMITS = {
  /** Bytes of a REST body; larger ones are refused before they are read. */
  bodyBytes: 64 * 1024,
  /** Bytes of one WebSocket frame from a client. */
  frameBytes: 32 * 1024,
  /** Frames per second that a connection may send, and how many at once. */
  framesPerSecond: 20,
  frameBurst: 40,
  /** Seconds of continued excess after which a connection is closed (4029). */
  frameAbuseSeconds: 10,
  /** Seconds between two pings of a client, and of silence before the server closes the socket. */
  heartbeatSeconds: 30,
  silenceSeconds: 90,
  connectionsPerUser: 20,
  connectionsPerHub: 10_000,
  /** Items of a page. */
  pageDefault: 50,
  pageMax: 100,
  /** Ids in one member call. */
  memberIdsPerCall: 100,
  /** Bytes of the free JSON on a user and on a message. */
  userMetadataBytes: 4 * 1024,
  messageMetadataBytes: 2 * 1024,
  /** Characters of ids, names and URLs. */
  externalIdChars: 128,
  nameChars: 200,
  urlChars: 2048,
  requestIdChars: 64,
  idempotencyKeyChars: 128,
  filenameChars: 255,
  mentionsPerMessage: 50,
  /** Seconds after which a client drops a typing signal that was not renewed. */
  typingExpirySeconds: 6,
} as const;
