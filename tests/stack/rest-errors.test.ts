import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readinessSchema } from "../../src/protocol/health.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";
import { errorOf, keyClient, newGroup, newPerson, type Person, type RestClient } from "./rest-client.ts";

let stack: TestStack;
let key: RestClient;
let ayu: Person;
let channel: string;

beforeAll(async () => {
  stack = await startTestStack();
  key = keyClient(stack);
  ayu = await newPerson(key, "ayu");
  channel = await newGroup(key, [ayu]);
});
afterAll(() => stack?.stop());

const invalid = [400, "VALIDATION_ERROR"];
const json = { "content-type": "application/json" };

describe("errors", () => {
  it("[ERR-1] every answer has a request id, the caller's own if it is a sane one", async () => {
    const given = await key.get("/v1/users/nobody", { headers: { "x-request-id": "my-id.1" } });
    expect(given.headers.get("x-request-id")).toBe("my-id.1");
    expect(given.body.error.request_id).toBe("my-id.1");
    const insane = await key.get("/healthz", { headers: { "x-request-id": "a b<script>" } });
    expect(insane.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(insane.headers.get("x-content-type-options")).toBe("nosniff");
  });

  it("[ERR-2] a body over 64 KiB answers 413, with and without a declared length", async () => {
    const raw = JSON.stringify({ external_id: "big", name: "x".repeat(70_000) });
    expect(errorOf(await key.post("/v1/users", undefined, { raw, headers: json }))).toEqual([413, "MESSAGE_TOO_LARGE"]);
    const stream = new Blob([raw]).stream();
    expect(errorOf(await key.post("/v1/users", undefined, { raw: stream, headers: json }))).toEqual([
      413,
      "MESSAGE_TOO_LARGE",
    ]);
  });

  it("[ERR-3] a body that is no JSON answers VALIDATION_ERROR", async () => {
    for (const raw of ["{", "", "nonsense", "{'a':1}"]) {
      expect(errorOf(await key.post("/v1/users", undefined, { raw, headers: json })), raw).toEqual(invalid);
    }
    const notUtf8 = new Uint8Array([...new TextEncoder().encode('{"external_id":"'), 0xff, 0x22, 0x7d]);
    expect(errorOf(await key.post("/v1/users", undefined, { raw: notUtf8, headers: json }))).toEqual(invalid);
    const form = { "content-type": "application/x-www-form-urlencoded" };
    expect(errorOf(await key.post("/v1/users", undefined, { raw: "a=1", headers: form }))).toEqual(invalid);
    for (const body of [null, 5, "text", [], {}])
      expect(errorOf(await key.post("/v1/users", body)), String(body)).toEqual(invalid);
    const bytes = new TextEncoder().encode('{"external_id":"untyped"}');
    expect((await key.post("/v1/users", undefined, { raw: new Blob([bytes]).stream() })).status).toBe(201);
  });

  it("[ERR-4] NUL and lone surrogates are refused in bodies, paths and queries", async () => {
    for (const text of ["\\u0000", "a\\u0000b", "\\ud800", "\\udc00x"]) {
      const raw = `{"external_id":"x","name":"${text}"}`;
      expect(errorOf(await key.post("/v1/users", undefined, { raw, headers: json })), text).toEqual(invalid);
      const inMetadata = `{"external_id":"x","metadata":{"a":["${text}"]}}`;
      expect(errorOf(await key.post("/v1/users", undefined, { raw: inMetadata, headers: json })), text).toEqual(
        invalid,
      );
      const content = `{"content":"${text}"}`;
      const sent = await ayu.api.post(`/v1/channels/${channel}/messages`, undefined, { raw: content, headers: json });
      expect(errorOf(sent), text).toEqual(invalid);
    }
    expect(errorOf(await key.get("/v1/users/a%00b"))).toEqual(invalid);
    expect(errorOf(await key.get("/v1/channels/%00/messages"))).toEqual(invalid);
    expect(errorOf(await key.get("/v1/users?cursor=a%00b"))).toEqual(invalid);
    for (const path of ["/v1/users/%ED%A0%80", "/v1/users/%FF", "/v1/users/%E0%A4%A", "/v1/channels/%ED%A0%80"]) {
      expect((await key.get(path)).status, path).toBeLessThan(500);
    }
  });

  it("[ERR-5] unknown paths and methods answer as error JSON", async () => {
    expect(errorOf(await key.get("/v1/nothing"))).toEqual([404, "NOT_FOUND"]);
    const answer = await key.call("PUT", `/v1/channels/${channel}`, {});
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")?.split(", ").sort()).toEqual(["DELETE", "GET", "PATCH"]);
    errorOf(answer);
  });

  it("[ERR-7] bad cursors answer VALIDATION_ERROR", async () => {
    const { body } = await key.get("/v1/users?limit=1");
    const foreign = body.next_cursor ?? "WzEsInVzZXJzIl0";
    for (const cursor of ["x", "%F0%9F%92%A9", foreign, "W10", "a".repeat(300)]) {
      expect(errorOf(await ayu.api.get(`/v1/channels/${channel}/messages?before=${cursor}`)), cursor).toEqual(invalid);
      expect(errorOf(await ayu.api.get(`/v1/channels/${channel}/members?cursor=${cursor}`)), cursor).toEqual(invalid);
      expect(errorOf(await ayu.api.get(`/v1/me/channels?cursor=${cursor}`)), cursor).toEqual(invalid);
    }
    expect(errorOf(await key.get("/v1/users?cursor=W10"))).toEqual(invalid);
  });

  it("[ERR-8] wrong fields are named", async () => {
    const body = { external_id: "", name: 5, avatar_url: "javascript:alert(1)", metadata: { a: "x".repeat(5_000) } };
    const answer = await key.post("/v1/users", body);
    expect(errorOf(answer)).toEqual(invalid);
    const paths = answer.body.error.details.map((detail: { path: string }) => detail.path);
    expect(new Set(paths)).toEqual(new Set(["external_id", "name", "avatar_url", "metadata"]));
    for (const limit of ["0", "101", "-1", "x", "1.5"]) {
      expect(errorOf(await ayu.api.get(`/v1/channels/${channel}/messages?limit=${limit}`)), limit).toEqual(invalid);
    }
  });
});

describe("operation", () => {
  it("[OPS-1] healthz and readyz", async () => {
    expect((await key.as(undefined).get("/healthz")).body).toMatchObject({ status: "ok" });
    const ready = await key.as(undefined).get("/readyz");
    expect(ready.status).toBe(200);
    expect(readinessSchema().parse(ready.body).status).toBe("ok");
  });

  it("[OPS-2] the OpenAPI document names every route", async () => {
    const { body } = await key.as(undefined).get("/openapi.json");
    expect(body.openapi).toBe("3.1.0");
    const operations = Object.values(body.paths).flatMap((path) => Object.values(path as object));
    expect(operations.length).toBeGreaterThan(25);
    for (const operation of operations) expect(operation.summary, JSON.stringify(operation)).toBeTypeOf("string");
    const send = body.paths["/v1/channels/{id}/messages"].post;
    expect(send.security).toEqual([{ userToken: [] }, { workspaceKey: [] }]);
    expect(Object.keys(send.responses)).toEqual(
      expect.arrayContaining(["201", "400", "401", "403", "404", "413", "422", "429", "500", "503"]),
    );
    expect(send.responses["201"].content["application/json"].schema).toEqual({ $ref: "#/components/schemas/Message" });
    expect(Object.keys(body.components.schemas)).toEqual(
      expect.arrayContaining(["Message", "Channel", "Error", "SendMessage"]),
    );
  });

  it("[DEMO-1] there is no demo where none is set", async () => {
    expect(errorOf(await key.as(undefined).get("/demo/session"))).toEqual([404, "NOT_FOUND"]);
  });
});
