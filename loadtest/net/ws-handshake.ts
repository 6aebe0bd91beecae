import { createHash, randomBytes } from "node:crypto";

/** The HTTP half of a WebSocket: the request, and the head of the answer. */

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Head of an HTTP answer, with the header names in lower case. */
export interface ResponseHead {
  status: number;
  headers: Map<string, string>;
}

/** A fresh `Sec-WebSocket-Key`. */
export function newKey(): string {
  return randomBytes(16).toString("base64");
}

/** The upgrade request for one URL and subprotocol. */
export function upgradeRequest(url: URL, key: string, protocol: string): string {
  return [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${key}`,
    `Sec-WebSocket-Protocol: ${protocol}`,
    "\r\n",
  ].join("\r\n");
}

/** Reads the head of an answer, without the empty line that ends it. */
export function parseHead(text: string): ResponseHead {
  const [statusLine = "", ...lines] = text.split("\r\n");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1] ?? 0), headers };
}

/** What is wrong with an answer of status 101; undefined where nothing is. */
export function upgradeFault(head: ResponseHead, key: string, protocol: string): string | undefined {
  const accept = createHash("sha1").update(`${key}${GUID}`).digest("base64");
  if (head.headers.get("sec-websocket-accept") !== accept) return "BAD_ACCEPT";
  if (head.headers.get("sec-websocket-protocol") !== protocol) return "PROTOCOL_NOT_ECHOED";
  return undefined;
}
