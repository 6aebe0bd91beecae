import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { forEachLimited } from "../../loadtest/run/clock.ts";
import { type Caller, workspaceCaller } from "../support/group.ts";
import { runScript } from "../support/k6/run.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";

const MANY = "1000000";
const READERS = 200;
const MESSAGES = 120;

/** k6 itself is no package that a test could install: its modules and executors are played by `tests/support/k6`. */
describe("the k6 scripts against the whole stack", () => {
  let stack: TestStack;
  let api: Caller;

  beforeAll(async () => {
    stack = await startTestStack({
      env: {
        CARIOS_RATE_LIMIT_MESSAGES_PER_MINUTE: MANY,
        CARIOS_RATE_LIMIT_USER_REQUESTS_PER_MINUTE: MANY,
        CARIOS_RATE_LIMIT_KEY_REQUESTS_PER_MINUTE: MANY,
      },
    });
    api = workspaceCaller(stack);
  });
  afterAll(() => stack.stop());

  const run = (name: string, env: Record<string, string>) =>
    runScript(name, {
      KABAR_BASE_URL: stack.baseUrl,
      KABAR_API_KEY: stack.apiKey,
      KABAR_API_SECRET: stack.apiSecret,
      ...env,
    });
  const sum = (values: number[] = []) => values.reduce((all, value) => all + value, 0);

  it("[K6-6] steady: sockets ping, send and hear all that is sent, beside sends and reads over REST", async () => {
    const { metrics, errors, failed } = await run("steady.js", { SCENARIO: "targets", SOCKETS: "20", SECONDS: "8" });
    expect({ errors, failed }).toEqual({ errors: [], failed: [] });
    expect(metrics.ping_ms?.length).toBeGreaterThanOrEqual(5);
    expect(metrics.send_rest_ms?.length).toBeGreaterThanOrEqual(2);
    expect(metrics.history_ms?.length).toBeGreaterThanOrEqual(40);
    const [overSockets, overRest] = [metrics.send_socket_ms?.length ?? 0, metrics.send_rest_ms?.length ?? 0];
    expect(sum(metrics.messages_acknowledged)).toBe(overSockets + overRest);
    // What a socket sends is heard by the 19 others, and what is sent over REST by all but its sender's.
    expect(sum(metrics.deliveries)).toBe(19 * (overSockets + overRest));
  });

  it("[K6-6] reconnect-storm: every socket comes back and resumes, and nothing comes twice", async () => {
    const { metrics, errors, failed } = await run("reconnect-storm.js", { SOCKETS: "8", SECONDS: "18" });
    expect({ errors, failed }).toEqual({ errors: [], failed: [] });
    expect(metrics.resume_ms).toHaveLength(8);
    const sent = sum(metrics.messages_acknowledged);
    expect(sent).toBeGreaterThanOrEqual(4);
    expect(sum(metrics.deliveries)).toBe(7 * sent);
  });

  it("[K6-6] sends: all of them are acknowledged", async () => {
    const { metrics, errors, failed } = await run("sends.js", { SOCKETS: "20", SECONDS: "2" });
    expect({ errors, failed }).toEqual({ errors: [], failed: [] });
    expect(sum(metrics.messages_acknowledged)).toBeGreaterThanOrEqual(16);
  });

  it("[K6-6] history: pages of a long channel are read to its beginning and anew", async () => {
    const members = Array.from({ length: READERS }, (_, index) => `load-reader-${String(index + 1).padStart(5, "0")}`);
    await forEachLimited(members, 8, async (name) => {
      expect((await api.post("/v1/users", { external_id: name, name })).status).toBe(201);
    });
    const channel = { type: "group", external_id: `load-history-${MESSAGES}`, member_external_ids: members };
    const made = await api.post("/v1/channels", { ...channel, name: "Long", created_by: members[0] });
    expect(made.status).toBe(201);
    for (let number = 0; number < MESSAGES; number++) {
      const body = { user_id: members[0], content: `message ${number}`, idempotency_key: `message-${number}` };
      expect((await api.post(`/v1/channels/${made.body.id}/messages`, body)).status).toBe(201);
    }
    const { metrics, errors, failed } = await run("history.js", { MESSAGES: String(MESSAGES), SECONDS: "2" });
    expect({ errors, failed }).toEqual({ errors: [], failed: [] });
    expect(sum(metrics.pages_read)).toBeGreaterThanOrEqual(16 * 4);
  });
});
