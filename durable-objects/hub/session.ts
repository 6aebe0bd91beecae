import { v7 as uuidv7 } from "uuid";
import type { HubResult } from "../../src/domain/hub-contract.ts";
import { encodeResumeCursor } from "../../src/domain/resume-cursor.ts";
import { type FrameUp, PONG_TEXT } from "../../src/protocol/frames-up.ts";
import { LIMITS } from "../../src/protocol/limits.ts";
import { Connection, type ConnectionState, type HubSocket } from "./connection.ts";
import { encodeAck, encodeError, encodeFrame, encodeOk } from "./encode.ts";
import { setFocus } from "./focus.ts";
import type { Hub } from "./hub.ts";
import { isTooLarge, readFrame, readId, unavailable } from "./inbound.ts";
import type { Sent } from "./send.ts";
import type { HubRuntime } from "./storage.ts";

/** How long live events wait for a new connection's `resume`. */
const HOLD_MS = 250;

export interface Identity {
  userId: string;
  workspaceId: string;
  /** Unix milliseconds. */
  tokenExpiresAt: number;
  /** True where the client takes batch frames. */
  acceptsBatches?: boolean;
}

/** Speaks the WebSocket protocol with the clients of one hub. */
export class Sessions {
  readonly #hub: Hub;
  readonly #runtime: HubRuntime;

  constructor(hub: Hub, runtime: HubRuntime) {
    this.#hub = hub;
    this.#runtime = runtime;
  }

  /** Starts a session on an accepted socket. Undefined where the user may not have one (more): the socket is closed. */
  open(socket: HubSocket, identity: Identity): Connection | undefined {
    const { connections, directory, journal } = this.#hub;
    const now = this.#runtime.now();
    const state: ConnectionState = {
      id: uuidv7({ msecs: now }),
      userId: identity.userId,
      tokenExpiresAt: identity.tokenExpiresAt,
      connectedAt: now,
      heardAt: now,
      resumeFrom: journal.head,
      ...(identity.acceptsBatches ? { batch: true } : {}),
    };
    const connection = new Connection(socket, state, { through: journal.head, held: true, now });
    if (directory.isDeletedUser(identity.userId)) {
      connection.close("USER_REMOVED");
      return undefined;
    }
    if (!connections.makeRoom(identity.userId, now)) {
      connection.close("TOO_MANY_CONNECTIONS");
      return undefined;
    }
    socket.store(state);
    connections.add(connection);
    connection.send(
      encodeFrame({
        type: "connection.ready",
        data: {
          connection_id: state.id,
          user_id: identity.userId,
          workspace_id: identity.workspaceId,
          cursor: encodeResumeCursor({ epoch: journal.epoch, seq: journal.head }),
          server_time: new Date(now).toISOString(),
          heartbeat_seconds: LIMITS.heartbeatSeconds,
        },
      }),
    );
    this.#runtime.defer(HOLD_MS, () => this.#hub.resume.release(connection));
    this.#hub.watch(connection);
    this.#hub.presence.opened(connection);
    return connection;
  }

  /** Takes up a socket that outlived the hub's memory. Everything appended before was sent before. */
  restore(socket: HubSocket, state: ConnectionState): Connection {
    const now = this.#runtime.now();
    const connection = new Connection(socket, state, { through: this.#hub.journal.head, held: false, now });
    this.#hub.connections.add(connection);
    return connection;
  }

  /** Handles one message of a client. Never throws. */
  async receive(connection: Connection, message: string | ArrayBuffer): Promise<void> {
    const now = this.#runtime.now();
    if (connection.state.tokenExpiresAt <= now) return this.#drop(connection, "TOKEN_EXPIRED");
    connection.heard(now);
    const admitted = connection.admitFrame(now);
    if (admitted === "close") return this.#drop(connection, "TOO_MANY_FRAMES");
    if (admitted === "drop") {
      const text = `unable to take the frame; because at most ${LIMITS.framesPerSecond} a second are allowed`;
      const id = typeof message === "string" ? readId(message) : undefined;
      return connection.send(encodeError(id, { code: "RATE_LIMITED", message: text, retryAfter: 1 }));
    }
    if (typeof message !== "string") {
      const text = "unable to read the frame; because it is binary: frames are text";
      return connection.send(encodeError(undefined, { code: "VALIDATION_ERROR", message: text }));
    }
    if (isTooLarge(message)) return this.#drop(connection, "FRAME_TOO_LARGE");
    const read = readFrame(message);
    if (!read.ok) return connection.send(encodeError(read.id, read.error));
    await this.#handle(connection, read.frame);
  }

  closed(connection: Connection): void {
    this.#hub.connections.remove(connection);
  }

  async #handle(connection: Connection, frame: FrameUp): Promise<void> {
    const hub = this.#hub;
    const { userId } = connection;
    if (frame.type === "resume") {
      // The answer's cursor is the journal's head, so nothing before it may still wait for this connection.
      hub.fanout.flushTo(connection);
      hub.resume.resume(connection, frame.data.cursor, frame.id);
      return;
    }
    hub.resume.release(connection);
    switch (frame.type) {
      case "ping":
        connection.send(frame.id === undefined ? PONG_TEXT : encodeFrame({ type: "pong", id: frame.id }));
        return;
      case "message.send": {
        const { channel_id: channel, ...body } = frame.data;
        const sent = await this.#guarded(() => hub.send({ channel, sender: { userId }, body }));
        connection.send(sent.ok ? encodeAck(frame.id, withClientId(sent.value)) : encodeError(frame.id, sent.error));
        return;
      }
      case "message.edit": {
        const { channel_id: channel, message_id: messageId, ...body } = frame.data;
        const command = { channel, messageId, actor: { userId }, body };
        this.#answerOk(connection, frame.id, await this.#guarded(() => hub.messageChanges.edit(command)));
        return;
      }
      case "message.delete": {
        const { channel_id: channel, message_id: messageId } = frame.data;
        const command = { channel, messageId, actor: { userId } };
        this.#answerOk(connection, frame.id, await this.#guarded(() => hub.messageChanges.unsend(command)));
        return;
      }
      case "reaction.add":
      case "reaction.remove": {
        const { channel_id: channel, message_id: messageId, emoji } = frame.data;
        const change = frame.type === "reaction.add" ? { emoji } : { emoji: undefined, only: emoji };
        const command = { channel, messageId, userId, ...change };
        this.#answerOk(connection, frame.id, await this.#guarded(() => hub.messageChanges.react(command)));
        return;
      }
      case "message.stream.append": {
        const { channel_id: channel, message_id: messageId, offset, delta } = frame.data;
        const command = { channel, messageId, actor: { userId }, offset, delta };
        this.#answerOk(connection, frame.id, await this.#guarded(() => hub.streamWriter.append(command)));
        return;
      }
      case "message.stream.finish":
      case "message.stream.abort": {
        const { channel_id: channel, message_id: messageId } = frame.data;
        const how = frame.type === "message.stream.abort" ? { aborted: true } : contentOf(frame.data);
        const command = { channel, messageId, actor: { userId }, ...how };
        this.#answerOk(connection, frame.id, await this.#guarded(() => hub.streamWriter.end(command)));
        return;
      }
      case "message.read":
      case "message.delivered": {
        const kind = frame.type === "message.read" ? "read" : "delivered";
        const { channel_id: channel, message_id: messageId } = frame.data;
        const command = { kind, channel, userId, ...(messageId === undefined ? {} : { messageId }) } as const;
        this.#answerOk(connection, frame.id, await this.#guarded(() => hub.receipt(command)));
        return;
      }
      case "presence.set": {
        hub.presence.set(connection, frame.data.status);
        if (frame.id !== undefined) connection.send(encodeOk(frame.id));
        return;
      }
      case "presence.query":
      case "presence.watch": {
        if (!hub.presence.mayAsk(connection)) {
          const message = "unable to tell who is there; because a connection may ask once a second";
          return connection.send(encodeError(frame.id, { code: "RATE_LIMITED", message, retryAfter: 1 }));
        }
        const data =
          frame.type === "presence.query"
            ? hub.presence.query(userId)
            : hub.presence.watch(connection, frame.data.user_ids);
        const id = frame.id === undefined ? {} : { id: frame.id };
        return connection.send(encodeFrame({ type: "presence.state", ...id, data }));
      }
      case "channel.focus": {
        const work = () => setFocus(hub.changes, connection, frame.data.channel_id);
        this.#answerOk(connection, frame.id, await this.#guarded(work));
        return;
      }
      case "typing.start":
      case "typing.stop": {
        const { channel_id: channel } = frame.data;
        this.#answerOk(connection, frame.id, await this.#guarded(() => hub.typing.signal(userId, frame.type, channel)));
        return;
      }
    }
  }

  /** `ok` goes out only to who asked with an id: nobody else could tell what it answers. */
  #answerOk(connection: Connection, id: string | undefined, result: HubResult<unknown>): void {
    if (!result.ok) connection.send(encodeError(id, result.error));
    else if (id !== undefined) connection.send(encodeOk(id));
  }

  /** A dependency that throws becomes an answer. */
  async #guarded<Value>(work: () => Promise<HubResult<Value>>): Promise<HubResult<Value>> {
    try {
      return await work();
    } catch (error) {
      this.#runtime.log("error", "frame.failed", { error: String(error) });
      return unavailable();
    }
  }

  #drop(connection: Connection, reason: Parameters<Connection["close"]>[0]): void {
    connection.close(reason);
    this.#hub.connections.remove(connection);
  }
}

function contentOf({ content }: { content?: string | undefined }): { content?: string } {
  return content === undefined ? {} : { content };
}

/** The message as its sender sees it: with its idempotency key. */
function withClientId({ messageJson, clientId }: Sent): string {
  return clientId === null ? messageJson : `{"client_id":${JSON.stringify(clientId)},${messageJson.slice(1)}`;
}
