import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { LatencySeries } from "../../../loadtest/measure/latency.ts";
import { Recorder } from "../../../loadtest/measure/recorder.ts";
import { CountingClient } from "../../../loadtest/net/counting-client.ts";
import { HttpClient } from "../../../loadtest/net/http-client.ts";
import { HistoryReads } from "../../../loadtest/run/history-reads.ts";
import { MESSAGE_IN_PAGE } from "../../../loadtest/run/message-mark.ts";
import type { LoadUser } from "../../../loadtest/run/population.ts";

let close = () => {};
afterEach(() => close());

const user = { externalId: "ana", token: "token", group: { channelId: "c" }, member: 0 } as unknown as LoadUser;

/** Reads of two messages each from a server that answers this text. */
async function readsOf(body: string, asked: string[] = []) {
  const server = http.createServer((request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(200, { "content-length": Buffer.byteLength(body) }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const client = new CountingClient(base, MESSAGE_IN_PAGE);
  const agent = new HttpClient(base);
  close = () => {
    client.close();
    agent.close();
    server.close();
  };
  const recorder = new Recorder();
  const series = new LatencySeries();
  const reads = new HistoryReads(2, recorder, agent);
  const page = (query: Record<string, string>) => reads.countedPage(client, user, query, performance.now(), series);
  return { page, recorder, series };
}

const messages = (count: number) => JSON.stringify(Array.from({ length: count }, (_, seq) => ({ seq })));

describe("counted pages", () => {
  it("say where they go on, and whether they are full", async () => {
    const asked: string[] = [];
    const full = await readsOf(`{"messages":${messages(2)},"has_more":true,"next_cursor":"WzFd","as_of":"x"}`, asked);
    expect(await full.page({ before: "abc" })).toEqual({ next_cursor: "WzFd" });
    expect(asked).toEqual(["/v1/channels/c/messages?limit=2&before=abc"]);
    expect(full.recorder.reads).toEqual({ attempted: 1, answered: 1, fullPages: 1, failed: 0 });
    expect(full.series.summary().from_intended?.count).toBe(1);
    close();
    const last = await readsOf(`{"messages":${messages(1)},"has_more":false,"next_cursor":null,"as_of":"x"}`);
    expect(await last.page({})).toEqual({ next_cursor: null });
    expect(last.recorder.reads).toEqual({ attempted: 1, answered: 1, fullPages: 0, failed: 0 });
  });

  it("are failures where they do not", async () => {
    const { page, recorder } = await readsOf(`{"messages":${messages(2)}}`);
    expect(await page({})).toBeUndefined();
    expect(recorder.reads).toEqual({ attempted: 1, answered: 0, fullPages: 0, failed: 1 });
  });
});
