import http from "node:http";
import type { AddressInfo } from "node:net";
import { sql } from "drizzle-orm";
import { afterEach, describe, expect, it } from "vitest";
import { openDatabase, sqlStateOf } from "../../../src/data/db.ts";

const empty = { fields: [], rows: [], command: "SELECT", rowCount: 0, rowAsArray: true };
let server: http.Server | undefined;

/** A Neon door that answers as told, one answer per request. */
async function door(answers: { status: number; body: unknown }[]) {
  const state = { requests: 0 };
  server = http.createServer((_request, response) => {
    const answer = answers[state.requests++] ?? { status: 200, body: empty };
    response.writeHead(answer.status, { "content-type": "application/json" }).end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const db = openDatabase({ databaseUrl: "postgres://u:p@host/d", neonFetchEndpoint: `http://127.0.0.1:${port}/sql` });
  return { db, state };
}

afterEach(() => server?.close());

describe("the database", () => {
  it("[ERR-6] that cannot serve becomes one typed error without the driver's text", async () => {
    const { db } = await door([
      { status: 500, body: { message: "internal host name" } },
      { status: 400, body: { message: "shutting down", code: "57P01" } },
    ]);
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(db.execute(sql`select 1`)).rejects.toMatchObject({
        code: "UPSTREAM_UNAVAILABLE",
        retryAfter: 1,
        message: "the database does not answer; try again",
      });
    }
    server?.close();
    server?.closeAllConnections();
    await expect(db.execute(sql`select 1`)).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE" });
  });

  it("an error of a statement keeps its SQLSTATE", async () => {
    const { db } = await door([{ status: 400, body: { message: "syntax error", code: "42601" } }]);
    const error = await db.execute(sql`selec`).catch((thrown: unknown) => thrown);
    expect(sqlStateOf(error)).toBe("42601");
  });

  it("a batch that lost against another transaction runs again", async () => {
    const lost = { status: 400, body: { message: "deadlock detected", code: "40P01" } };
    const { db, state } = await door([lost, lost, { status: 200, body: { results: [empty, empty] } }]);
    expect(await db.batch([sql`select 1`, sql`select 2`])).toHaveLength(2);
    expect(state.requests).toBe(3);
  });
});
