import net from "node:net";
import tls from "node:tls";

/** What all streams read into, one after the other: a buffer for each read would be most of the generator's work. */
const readBuffer = Buffer.allocUnsafe(256 * 1024);

/** A TCP or TLS connection to where a URL points. `read` must have copied what it keeps when it returns. */
export function openStream(url: URL, connected: () => void, read: (chunk: Buffer) => void): net.Socket {
  const secure = url.protocol === "wss:" || url.protocol === "https:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port === "" ? (secure ? 443 : 80) : url.port);
  if (secure) {
    return tls.connect({ host, port, servername: host, ALPNProtocols: ["http/1.1"] }, connected).on("data", read);
  }
  const callback = (bytes: number) => {
    read(readBuffer.subarray(0, bytes));
    return true;
  };
  return net.connect({ host, port, onread: { buffer: readBuffer, callback } }, connected);
}
