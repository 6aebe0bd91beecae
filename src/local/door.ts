import http from "node:http";
import { codeOf, messageOf, StackError } from "./errors.ts";

const HOST = "127.0.0.1";

/** A small HTTP server on the loopback interface that speaks a cloud service's protocol. */
export interface Door {
  readonly port: number;
  readonly server: http.Server;
  close(): Promise<void>;
}

export type DoorHandler = (request: http.IncomingMessage, response: http.ServerResponse) => Promise<void>;

/** Listens on a loopback port; what a handler throws becomes `{error}` with status 500. */
export async function openDoor(port: number, handler: DoorHandler): Promise<Door> {
  const server = http.createServer((request, response) => {
    handler(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, JSON.stringify({ error: messageOf(error), message: messageOf(error) }));
    });
  });
  // workerd keeps its connections; closing one under it would show as a failed request.
  server.keepAliveTimeout = 3_600_000;
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) =>
      reject(
        codeOf(error) === "EADDRINUSE"
          ? new StackError(`Port ${port} is in use: stop what listens there and try again.`)
          : error,
      ),
    );
    server.listen({ host: HOST, port }, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Reads a request's whole body as text. */
export function readBody(request: http.IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => resolve(chunks.length === 1 ? String(chunks[0]) : Buffer.concat(chunks).toString()));
    request.on("error", reject);
  });
}

/** Answers with JSON text in one write. */
export function sendJson(response: http.ServerResponse, status: number, json: string): void {
  const body = Buffer.from(json);
  response.writeHead(status, { "Content-Type": "application/json", "Content-Length": body.length });
  response.end(body);
}
