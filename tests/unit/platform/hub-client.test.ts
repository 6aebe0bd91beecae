import { afterEach, describe, expect, it, vi } from "vitest";
import { HubClient, type HubNamespace } from "../../../src/platform/hub-client.ts";

/** A namespace whose stubs answer `settled` as told, one answer per stub. */
function fakeNamespace(answers: (() => unknown)[]) {
  const stubs: { options: unknown }[] = [];
  const requests: { url: string; headers: Headers }[] = [];
  const namespace: HubNamespace = {
    idFromName: (name) => name,
    get(_id, options) {
      const answer = answers[stubs.length] ?? (() => ({ archived: true, lastSeq: 0 }));
      stubs.push({ options });
      return {
        async fetch(url: string, init?: { headers: Headers }) {
          if (init === undefined) return answer() as Response;
          requests.push({ url, headers: init.headers });
          return new Response("upgraded");
        },
        settled: async () => answer(),
        sendMessage: async () => answer(),
      };
    },
  };
  return { namespace, stubs, requests };
}

function failure(flags: { retryable?: boolean; overloaded?: boolean }): () => never {
  return () => {
    throw Object.assign(new Error("internal details"), flags);
  };
}

afterEach(() => vi.restoreAllMocks());

describe("the way to the hub", () => {
  it("takes a fresh stub after a retryable failure", async () => {
    const { namespace, stubs } = fakeNamespace([failure({ retryable: true }), failure({ retryable: true })]);
    expect(await new HubClient(namespace, "w").settled({ channel: "c" })).toEqual({ archived: true, lastSeq: 0 });
    expect(stubs).toHaveLength(3);
  });

  it("[ERR-6] gives up on overload, on final failures and after three tries, without their text", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    for (const flags of [{ retryable: true, overloaded: true }, {}]) {
      const { namespace, stubs } = fakeNamespace([failure(flags)]);
      await expect(new HubClient(namespace, "w").settled({ channel: "c" })).rejects.toMatchObject({
        code: "UPSTREAM_UNAVAILABLE",
        message: expect.not.stringContaining("internal"),
      });
      expect(stubs).toHaveLength(1);
    }
    const { namespace, stubs } = fakeNamespace(Array.from({ length: 5 }, () => failure({ retryable: true })));
    await expect(new HubClient(namespace, "w").settled({ channel: "c" })).rejects.toMatchObject({ status: 503 });
    expect(stubs).toHaveLength(3);
  });

  it("asks for a page as for everything else, and takes nothing but a page or none for an answer", async () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const request = { channel: "c", limit: 50 };
    const { namespace, stubs } = fakeNamespace([failure({ retryable: true }), () => new Response(`{"messages":[]}`)]);
    const found = await new HubClient(namespace, "w").heldPage(request);
    expect("body" in found && (await new Response(found.body).text())).toBe(`{"messages":[]}`);
    expect(stubs).toHaveLength(2);
    const { namespace: broken } = fakeNamespace([() => new Response("", { status: 500 })]);
    await expect(new HubClient(broken, "w").heldPage(request)).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE" });
    expect(error).toHaveBeenCalledOnce();
  });

  it("turns a refusal into an error with its code", async () => {
    const error = { code: "RATE_LIMITED", message: "slow down", retryAfter: 7 };
    const { namespace } = fakeNamespace([() => ({ ok: false, error })]);
    const sending = new HubClient(namespace, "w").sendMessage({ channel: "c", sender: { system: true }, body: {} });
    await expect(sending).rejects.toMatchObject({ code: "RATE_LIMITED", status: 429, retryAfter: 7 });
  });

  it("gives a known location hint and drops an unknown one", async () => {
    const { namespace, stubs } = fakeNamespace([]);
    await new HubClient(namespace, "w", "apac").settled({ channel: "c" });
    await new HubClient(namespace, "w", "mars").settled({ channel: "c" });
    expect(stubs.map(({ options }) => options)).toEqual([{ locationHint: "apac" }, {}]);
  });

  it("[WS-2] tells the hub who opens a socket, and nothing that the client claims", async () => {
    const { namespace, requests } = fakeNamespace([]);
    const identity = { userId: "u", workspaceId: "w", tokenExpiresAt: 9, acceptsBatches: false };
    await new HubClient(namespace, "w").openSocket(identity);
    await new HubClient(namespace, "w").openSocket({ ...identity, acceptsBatches: true });
    const headers = {
      upgrade: "websocket",
      "x-kabar-user-id": "u",
      "x-kabar-workspace-id": "w",
      "x-kabar-token-exp": "9",
    };
    expect(requests.map((sent) => Object.fromEntries(sent.headers))).toEqual([
      headers,
      { ...headers, "x-kabar-batch": "1" },
    ]);
  });
});
