import { LoadError } from "../../errors.ts";
import { RawSocket } from "../../net/raw-socket.ts";
import { Answers } from "../server/answers.ts";
import { attribute, elementName, errorCondition, hasAttribute, isMessage } from "./stanza.ts";

const TIMEOUT_MS = 30_000;
/** For the whole log-in, which takes some milliseconds, or some hundred where many log in. */
const PATIENCE_MS = 10_000;
const ATTEMPTS = 3;
const FRAMING = "urn:ietf:params:xml:ns:xmpp-framing";
const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const BIND = "urn:ietf:params:xml:ns:xmpp-bind";
const IQ_PREFIX = "q";

class SilenceError extends LoadError {}

/** What a session does not handle itself. A frame is only good until its receiver returns. */
export interface StanzaEvents {
  message(frame: Buffer, at: number): void;
  presence?(frame: Buffer): void;
  /** Once, at the end of a session that was open. */
  closed?(error: LoadError): void;
}

/** An anonymous XMPP session over WebSocket (RFC 7395), with questions (`iq`) that are answered by their id. */
export class XmppSession {
  readonly #events: StanzaEvents;
  readonly #steps = new Answers<string>();
  readonly #questions = new Answers<string>();
  #socket: RawSocket | undefined;
  #isOpen = false;
  #ended: LoadError | undefined;

  /**
   * Connects, logs in and binds a resource. Where the server says nothing for too long it tries again, as clients do:
   * under load ejabberd 23.01 sometimes loses the first stanza after the upgrade (one of thousands), and ends the
   * connection only half a minute later.
   */
  static async open(url: URL, domain: string, events: StanzaEvents, patienceMs = PATIENCE_MS): Promise<XmppSession> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await XmppSession.#openOnce(url, domain, events, patienceMs);
      } catch (error) {
        if (!(error instanceof SilenceError) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  static async #openOnce(url: URL, domain: string, events: StanzaEvents, patienceMs: number): Promise<XmppSession> {
    const self = new XmppSession(events);
    const socketEvents = {
      message: (frame: Buffer, at: number) => self.#read(frame, at),
      closed: (code: number, reason: string) => self.#end(new LoadError(`the socket was closed: ${code} ${reason}`)),
    };
    self.#socket = await RawSocket.connect(url, "xmpp", socketEvents, TIMEOUT_MS);
    const timer = setTimeout(() => self.#end(new SilenceError("the server does not answer")), patienceMs);
    try {
      await self.#logIn(domain);
      if (self.#ended !== undefined) throw self.#ended;
      self.#isOpen = true;
      return self;
    } catch (error) {
      self.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  private constructor(events: StanzaEvents) {
    this.#events = events;
  }

  send(stanza: string): void {
    this.#socket?.send(stanza);
  }

  /** Asks, and answers with the result; rejected with the condition of an error. */
  iq(type: "get" | "set", to: string | undefined, query: string): Promise<string> {
    const { number, answer } = this.#questions.ask();
    const address = to === undefined ? "" : ` to='${to}'`;
    this.send(`<iq xmlns='jabber:client' type='${type}' id='${IQ_PREFIX}${number}'${address}>${query}</iq>`);
    return answer;
  }

  close(): void {
    this.#socket?.drop();
  }

  async #logIn(domain: string): Promise<void> {
    const open = `<open xmlns='${FRAMING}' to='${domain}' version='1.0'/>`;
    await this.#step(open, "open", "stream:features");
    await this.#step(`<auth xmlns='${SASL}' mechanism='ANONYMOUS'/>`, "success");
    await this.#step(open, "open", "stream:features");
    await this.iq("set", undefined, `<bind xmlns='${BIND}'/>`);
  }

  /** Sends one element of the stream's negotiation and waits for these. */
  async #step(element: string, ...expected: string[]): Promise<void> {
    const answers = expected.map(() => this.#steps.ask().answer);
    this.send(element);
    const names = await Promise.all(answers);
    if (names.join() !== expected.join()) throw new LoadError(`unable to log in; because the server sent ${names}`);
  }

  #read(frame: Buffer, at: number): void {
    if (isMessage(frame)) {
      this.#events.message(frame, at);
      return;
    }
    const name = elementName(frame);
    if (name === "iq") this.#answer(frame);
    else if (name === "presence") this.#events.presence?.(frame);
    else if (name === "failure" || name === "stream:error" || name === "close") {
      this.#end(new LoadError(`the server ended the session: ${errorCondition(frame)}`));
      this.close();
    } else this.#steps.settleOldest(name);
  }

  #answer(frame: Buffer): void {
    const id = attribute(frame, "id") ?? "";
    const number = id.startsWith(IQ_PREFIX) ? Number(id.slice(IQ_PREFIX.length)) : -1;
    if (hasAttribute(frame, "type", "result")) this.#questions.settle(number, frame.toString("utf8"));
    else if (hasAttribute(frame, "type", "error")) {
      this.#questions.refuse(number, new LoadError(`the server refused: ${errorCondition(frame)}`));
    }
  }

  /** The first reason counts. */
  #end(error: LoadError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#steps.end(error);
    this.#questions.end(error);
    if (this.#isOpen) this.#events.closed?.(error);
  }
}
