import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { CountingClient } from "../../../loadtest/net/counting-client.ts";

let close = () => {};
afterEach(() => close());

async function clientOf(server: net.Server, timeoutMs?: number): Promise<CountingClient> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = new CountingClient(
    new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    '"seq":',
    timeoutMs,
  );
  close = () => {
    client.close();
    server.close();
  };
  return client;
}

/** Answers a page of as many messages as the path says, written in pieces of so many bytes. */
function pages(pieceBytes: number, heard: string[] = []): net.Server {
  return net.createServer((socket) => {
    socket.setNoDelay(true).on("error", () => {});
    socket.on("data", async (request) => {
      heard.push(request.toString());
      const count = Number(/^GET \/(\d+) /.exec(request.toString())?.[1]);
      const messages = Array.from({ length: count }, (_, seq) => ({ seq, content: 'ä "seq": "s"' }));
      const body = Buffer.from(JSON.stringify({ messages }));
      const whole = Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-Length: ${body.length}\r\n\r\n`), body]);
      for (let at = 0; at < whole.length; at += pieceBytes) {
        socket.write(whole.subarray(at, at + pieceBytes));
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
  });
}

describe("CountingClient", () => {
  it("counts in one answer after another, however they come in pieces", async () => {
    for (const pieceBytes of [1, 2, 5, 7, 64, 100_000]) {
      const heard: string[] = [];
      const client = await clientOf(pages(pieceBytes, heard));
      for (const count of [0, 1, 3, 40]) {
        const counted = await client.get(`/${count}`, "token");
        expect(counted.count).toBe(count);
        expect(counted.end.toString()).toMatch(/^.{0,1024}\]\}$/);
        if (count === 40) expect(counted.end.length).toBe(1_024);
      }
      expect(heard[1]).toMatch(/^GET \/1 HTTP\/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\nAuthorization: Bearer token\r\n\r\n$/);
      close();
    }
  });

  it("says what went wrong, and goes on over another connection", async () => {
    const client = await clientOf(
      http.createServer(({ url }, response) => {
        if (url === "/refused") response.writeHead(429, { "content-length": 0 }).end();
        else if (url === "/endless") response.write("{");
        else if (url === "/cut") response.destroy();
        else if (url === "/silent") return;
        else response.writeHead(200, { "content-length": 8 }).end('{"seq":1');
      }),
      200,
    );
    await expect(client.get("/refused")).rejects.toMatchObject({ code: "HTTP_429", status: 429 });
    await expect(client.get("/endless")).rejects.toMatchObject({ code: "NO_LENGTH" });
    await expect(client.get("/cut")).rejects.toMatchObject({ code: "CLOSED_EARLY" });
    await expect(client.get("/silent")).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(await client.get("/")).toMatchObject({ count: 1, end: Buffer.from('{"seq":1') });
  });
});
