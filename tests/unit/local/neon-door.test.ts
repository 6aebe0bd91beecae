import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { neon, neonConfig, Pool } from "@neondatabase/serverless";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import WebSocket from "ws";
import type { Door } from "../../../src/local/door.ts";
import { openNeonDoor } from "../../../src/local/neon-door.ts";
import { addNeonTunnel } from "../../../src/local/neon-tunnel.ts";
import { LocalPostgres } from "../../../src/local/postgres.ts";
import { StateFile } from "../../../src/local/state.ts";

const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), "kabar-unit-"));
let postgres: LocalPostgres;
let door: Door;

beforeAll(async () => {
  postgres = new LocalPostgres(dataDir, new StateFile(dataDir));
  await postgres.start();
  door = await openNeonDoor({ port: 0, databaseUrl: postgres.url, poolSize: 4 });
  addNeonTunnel(door.server, postgres.url);
  neonConfig.fetchEndpoint = `http://127.0.0.1:${door.port}/sql`;
  await neon(
    postgres.url,
  )`CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL CONSTRAINT short CHECK (length(name) < 9))`;
}, 60_000);

afterAll(async () => {
  await door?.close();
  await postgres?.stop();
  postgres?.removeOutsideData();
  fs.rmSync(dataDir, { recursive: true, force: true });
});

describe("Neon's driver through the door", () => {
  test("values of all kinds arrive as the driver parses them", async () => {
    const sql = neon(postgres.url);
    const rows = await sql`SELECT ${7}::int AS number, ${null}::text AS nothing, ${["a", "b"]}::text[] AS list,
      ${JSON.stringify({ a: 1 })}::jsonb AS json, ${true}::bool AS yes, 'ë😀' AS text, '2026-01-02T03:04:05Z'::timestamptz AS at`;
    expect(rows).toEqual([
      {
        number: 7,
        nothing: null,
        list: ["a", "b"],
        json: { a: 1 },
        yes: true,
        text: "ë😀",
        at: new Date("2026-01-02T03:04:05Z"),
      },
    ]);
  });

  test("array mode and full results", async () => {
    const sql = neon(postgres.url, { arrayMode: true, fullResults: true });
    const result = await sql`SELECT 1 AS a, 2 AS b`;
    expect(result).toMatchObject({ command: "SELECT", rowCount: 1, rows: [[1, 2]] });
    expect(result.fields.map(({ name, dataTypeID }) => [name, dataTypeID])).toEqual([
      ["a", 23],
      ["b", 23],
    ]);
  });

  test("the same text again and again, with other values, and after a change of its table", async () => {
    const sql = neon(postgres.url);
    await sql`CREATE TABLE changing (a int)`;
    for (const value of [1, 2, 3, 4]) {
      await sql`INSERT INTO changing VALUES (${value})`;
      await sql`DELETE FROM changing WHERE a < ${value}`;
      expect(await sql`SELECT * FROM changing`).toEqual([{ a: value }]);
    }
    await sql`ALTER TABLE changing ADD COLUMN b int DEFAULT 2`;
    for (let turn = 0; turn < 4; turn++) expect(await sql`SELECT * FROM changing`).toEqual([{ a: 4, b: 2 }]);
  });

  test("a mistake carries Postgres's own fields", async () => {
    const sql = neon(postgres.url);
    await sql`INSERT INTO people VALUES (1, 'Ayu')`;
    await expect(sql`INSERT INTO people VALUES (1, 'Bima')`).rejects.toMatchObject({
      name: "NeonDbError",
      code: "23505",
      severity: "ERROR",
      table: "people",
      constraint: "people_pkey",
      detail: "Key (id)=(1) already exists.",
    });
    await expect(sql`INSERT INTO people VALUES (2, 'far too long')`).rejects.toMatchObject({ constraint: "short" });
    await expect(sql`SELEC 1`).rejects.toMatchObject({ code: "42601", position: "1" });
  });

  test("a batch is one transaction with the isolation level that was asked for", async () => {
    const sql = neon(postgres.url);
    const [level, readOnly] = await sql.transaction(
      [sql`SHOW transaction_isolation`, sql`SHOW transaction_read_only`],
      { isolationLevel: "Serializable", readOnly: true, deferrable: true },
    );
    expect(level).toEqual([{ transaction_isolation: "serializable" }]);
    expect(readOnly).toEqual([{ transaction_read_only: "on" }]);
  });

  test("a batch that fails leaves nothing behind", async () => {
    const sql = neon(postgres.url);
    const batch = [sql`INSERT INTO people VALUES (10, 'Citra')`, sql`INSERT INTO people VALUES (10, 'Dewi')`];
    await expect(sql.transaction(batch)).rejects.toMatchObject({ code: "23505" });
    expect(await sql`SELECT count(*)::int AS n FROM people WHERE id = 10`).toEqual([{ n: 0 }]);
  });

  test("more callers than connections all get their answer", async () => {
    const sql = neon(postgres.url);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => sql`SELECT ${index}::int AS n, pg_sleep(0.01)`),
    );
    expect(answers.map(([row]) => row?.n)).toEqual(Array.from({ length: 40 }, (_, index) => index));
  });

  test("a wrong password is refused", async () => {
    const url = new URL(postgres.url);
    url.password = "wrong";
    await expect(neon(url.href)`SELECT 1`).rejects.toMatchObject({ code: "28P01" });
  });

  test("the WebSocket tunnel serves the driver's Pool", async () => {
    neonConfig.webSocketConstructor = WebSocket;
    neonConfig.wsProxy = () => `127.0.0.1:${door.port}/v2`;
    neonConfig.useSecureWebSocket = false;
    neonConfig.pipelineConnect = false;
    const pool = new Pool({ connectionString: postgres.url });
    expect((await pool.query("SELECT 41 + $1::int AS n", [1])).rows).toEqual([{ n: 42 }]);
    const { rows } = await pool.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    await pool.end();
    // The driver does not wait for Postgres to have taken its leave; what ends Postgres sooner is an error that nobody hears.
    const sql = neon(postgres.url);
    await vi.waitFor(async () => {
      expect(await sql`SELECT pid FROM pg_stat_activity WHERE pid = ${rows[0]?.pid}`).toEqual([]);
    });
  });

  test("Postgres stopped is an error, and started again on the same port all is well with the old data", async () => {
    const sql = neon(postgres.url);
    const before = postgres.url;
    await postgres.stop();
    await expect(sql`SELECT 1`).rejects.toThrow(/HTTP status 503.*ECONNREFUSED/);
    await postgres.start();
    expect(postgres.url).toBe(before);
    expect(await sql`SELECT name FROM people WHERE id = 1`).toEqual([{ name: "Ayu" }]);
    expect(await sql`SHOW fsync`).toEqual([{ fsync: "on" }]);
  }, 30_000);
});
