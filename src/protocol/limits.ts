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
  webhooksPerWorkspace: 20,
  /** Characters of a push service's name for a device. */
  deviceTokenChars: 2048,
  /** Beyond these a user's devices that registered longest ago are forgotten. */
  devicesPerUser: 20,
  /** Seconds without a sign of life after which a connection no longer keeps pushes away. */
  focusSeconds: 60,
  /** Seconds after its sending after which a message is no longer pushed. */
  pushLifetimeSeconds: 24 * 3600,
  /** Pieces of text that one stream takes per second, and how many at once. */
  streamAppendsPerSecond: 50,
  streamAppendBurst: 100,
  /** Seconds without a new piece after which a stream is closed with what there is, and its longest life. */
  streamIdleSeconds: 60,
  streamSeconds: 3600,
  /** Streams that one user may have open at once. */
  streamsPerUser: 20,
  /** Users whose presence one call asks for, one connection watches, and one answer lists. */
  presenceAsked: 100,
  presenceWatched: 50,
  presenceListed: 500,
  /** Seconds after a user's last connection ended until others see it as offline. */
  presenceGraceSeconds: 20,
  /** Seconds after which a client drops a typing signal that was not renewed. */
  typingExpirySeconds: 6,
} as const;
