import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CLOSE } from "../../../src/protocol/close-codes.ts";
import { backoffDelay } from "../../../src/sdk/backoff.ts";
import { closeAction } from "../../../src/sdk/close-policy.ts";
import type { ConnectionState, KabarClient } from "../../../src/sdk/index.ts";
import { clientFor, online, startFake, until } from "./support/setup.ts";

let fake: Awaited<ReturnType<typeof startFake>>;
let client: KabarClient | undefined;

beforeEach(async () => {
  fake = await startFake();
});
afterEach(async () => {
  client?.close();
  await fake.server.stop();
});

describe("close codes", () => {
  it("[WEB-51] decide between a new attempt, a new token, and the end", () => {
    expect(closeAction(CLOSE.RESTART.code)).toBe("reconnect");
    expect(closeAction(CLOSE.SILENCE.code)).toBe("reconnect");
    expect(closeAction(CLOSE.TOO_SLOW.code)).toBe("reconnect");
    expect(closeAction(1006)).toBe("reconnect");
    expect(closeAction(CLOSE.TOKEN_EXPIRED.code)).toBe("refresh");
    for (const name of ["NORMAL", "POLICY", "FRAME_TOO_LARGE", "USER_REMOVED", "TOO_MANY_CONNECTIONS"] as const) {
      expect(closeAction(CLOSE[name].code)).toBe("stop");
    }
  });

  it("[WEB-51] 4001 fetches a new token and connects again", async () => {
    let tokens = 0;
    client = clientFor(fake.server, fake.ani.id, {
      getToken: async () => {
        tokens += 1;
        return fake.server.issueToken(fake.ani.id);
      },
    });
    await online(client);
    fake.server.closeAll(1012, "restart");
    await until(() => client?.state === "online" && fake.server.upgrades === 2, "the reconnect");
    expect(tokens).toBe(1);
    fake.server.revokeTokens();
    fake.server.closeAll(4001, "token expired");
    await until(() => client?.state === "online" && fake.server.upgrades === 3, "the reconnect");
    expect(tokens).toBe(2);
  });

  it("[WEB-51] 4003 ends the connection, and fails what is unanswered", async () => {
    client = clientFor(fake.server, fake.ani.id);
    await online(client);
    fake.server.loseAnswers = true;
    const sent = client.channel("team").send({ content: "x" });
    const failed = expect(sent).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
    fake.server.closeAll(4003, "user removed");
    await failed;
    expect(client.state).toBe("closed");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(fake.server.upgrades).toBe(1);
  });
});

describe("connection", () => {
  it("[WEB-52] tells its states", async () => {
    client = clientFor(fake.server, fake.ani.id);
    const states: ConnectionState[] = [];
    client.on("state", ({ state }) => states.push(state));
    await online(client);
    fake.server.drop();
    await until(() => states.length === 5, "the reconnect");
    client.close();
    expect(states).toEqual(["connecting", "online", "offline", "connecting", "online", "closed"]);
  });

  it("[WEB-53] gives up a line on which a ping stays unanswered", async () => {
    client = clientFor(fake.server, fake.ani.id, { timings: { pingEvery: 30, pongWithin: 60 } });
    const errors: (string | undefined)[] = [];
    client.on("state", ({ error }) => error && errors.push(error.message));
    await online(client);
    await until(() => fake.server.received.filter((frame) => frame.type === "ping").length >= 2, "two pings");
    expect(fake.server.upgrades).toBe(1);
    fake.server.mute = true;
    await until(() => errors.length === 1, "the dead line to be found");
    fake.server.mute = false;
    await until(() => client?.state === "online" && fake.server.upgrades === 2, "the reconnect");
    expect(errors[0]).toContain("no answer to a ping");
  });

  it("[WEB-54] asks for a new token where an attempt was refused before it opened", async () => {
    let calls = 0;
    client = clientFor(fake.server, fake.ani.id, {
      getToken: async () => {
        calls += 1;
        return calls === 1 ? "refused" : fake.server.issueToken(fake.ani.id);
      },
    });
    await online(client);
    expect(calls).toBe(2);
  });

  it("[WEB-54] keeps trying where the token cannot be had", async () => {
    let calls = 0;
    client = clientFor(fake.server, fake.ani.id, {
      getToken: async () => {
        calls += 1;
        if (calls < 3) throw new Error("the session ended");
        return fake.server.issueToken(fake.ani.id);
      },
    });
    await online(client);
    expect(calls).toBe(3);
  });

  it("[WEB-55] stays offline after disconnect until connect", async () => {
    client = clientFor(fake.server, fake.ani.id);
    await online(client);
    client.disconnect();
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(client.state).toBe("offline");
    expect(fake.server.upgrades).toBe(1);
    client.connect();
    await until(() => client?.state === "online", "the connection");
  });

  it("[WEB-55] may be disconnected by a listener of its own state", async () => {
    client = clientFor(fake.server, fake.ani.id);
    await online(client);
    client.on("state", ({ state }) => state === "offline" && client?.disconnect());
    fake.server.drop();
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(fake.server.upgrades).toBe(1);
  });
});

describe("back-off", () => {
  it("[WEB-56] is a random share of a doubling, bounded time", () => {
    expect(backoffDelay(0, 1000, 30_000, () => 0.5)).toBe(500);
    expect(backoffDelay(3, 1000, 30_000, () => 0.5)).toBe(4_000);
    expect(backoffDelay(400, 1000, 30_000, () => 0.5)).toBe(15_000);
    expect(backoffDelay(9, 1000, 30_000, () => 0)).toBe(0);
  });
});
