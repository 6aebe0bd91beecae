import { OpenAPIClientAxios } from "openapi-client-axios";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWorkspace } from "../../src/cli/workspaces.ts";
import { frameUpSchema } from "../../src/protocol/frames-up.ts";
import { createUser, type TestUser, workspaceCaller } from "../support/group.ts";
import {
  CALLERS,
  type CallerName,
  FRAMES,
  type Outcome,
  PUBLIC_ROUTES,
  ROUTES,
  type Scene,
} from "../support/permissions.ts";
import { openSocket, type TestSocket } from "../support/socket.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";

/** A client made from the server's own OpenAPI document: it knows routes and parameters from there only. */
async function generateClient(baseUrl: string) {
  const api = new OpenAPIClientAxios({
    definition: `${baseUrl}/openapi.json`,
    axiosConfigDefaults: { baseURL: baseUrl, validateStatus: () => true },
  });
  const client = await api.init();
  const routes = api.getOperations().map((operation) => `${operation.method.toUpperCase()} ${operation.path}`);
  const call = async (route: string, params: Record<string, string>, body: unknown, authorization: string) => {
    const [method, path] = route.split(" ");
    const run = client.paths[path ?? ""]?.[(method ?? "").toLowerCase() as "get"];
    if (run === undefined) throw new Error(`the document has no ${route}`);
    const { status, data } = await run(params, body as never, { headers: { authorization } });
    return { status, code: (data as { error?: { code: string } } | undefined)?.error?.code };
  };
  return { routes, call };
}

describe("the contract", () => {
  let stack: TestStack;
  let client: Awaited<ReturnType<typeof generateClient>>;
  let foreignKey: string;
  let foreignUser: TestUser;
  let scenes = 0;

  /** A scene of its own for each row, so that what one call changes no other sees. */
  async function createScene(): Promise<Scene> {
    const name = `scene-${scenes++}`;
    const [admin, member, other, stranger] = await Promise.all(
      ["admin", "member", "other", "stranger"].map((role) => createUser(stack, `${name}-${role}`)),
    );
    if (!admin || !member || !other || !stranger) throw new Error("no users");
    const channel = await workspaceCaller(stack).post("/v1/channels", {
      type: "group",
      external_id: name,
      member_external_ids: [member.externalId, other.externalId],
      created_by: admin.externalId,
    });
    const message = await member.send(channel.body.id, "hello");
    return { channelId: channel.body.id, messageId: message.body.id, admin, member, other, stranger };
  }

  beforeAll(async () => {
    const plenty = "1000000";
    stack = await startTestStack({
      env: { CARIOS_RATE_LIMIT_MESSAGES_PER_MINUTE: plenty, CARIOS_RATE_LIMIT_KEY_REQUESTS_PER_MINUTE: plenty },
    });
    client = await generateClient(stack.baseUrl);
    const foreign = await createWorkspace(stack.databaseUrl, { name: "Foreign", mode: "test" });
    foreignKey = `Bearer ${foreign.api_key}:${foreign.api_secret}`;
    foreignUser = await createUser({ ...stack, authorization: foreignKey }, "foreigner");
  });
  afterAll(() => stack.stop());

  it("[PERM-1] has a row for every route and for every frame", () => {
    const rows = ROUTES.map((row) => row.route);
    expect([...rows, ...PUBLIC_ROUTES].sort()).toEqual([...client.routes].sort());
    expect(new Set(rows).size).toBe(rows.length);
    const types = frameUpSchema()
      .options.flatMap((option) => [...(option.shape.type._zod.values ?? [])])
      .map(String);
    // A resume speaks of the connection itself and has rules of its own.
    expect([...FRAMES.map((row) => row.type), "resume"].sort()).toEqual(types.sort());
  });

  it.each(ROUTES.map((row) => [row.route, row] as const))("[PERM-2] %s", async (_route, row) => {
    const scene = await createScene();
    const prepared = await row.prepare?.(workspaceCaller(stack), scene);
    const params = { ...row.params?.(scene), ...prepared };
    const authorization: Record<CallerName, string> = {
      key: stack.authorization,
      admin: scene.admin.authorization,
      member: scene.member.authorization,
      stranger: scene.stranger.authorization,
      foreignKey,
      foreignUser: foreignUser.authorization,
    };
    const got: Partial<Record<CallerName, string>> = {};
    // Those who may do least go first: a refusal changes nothing for the next.
    for (const caller of [...CALLERS].reverse()) {
      const answer = await client.call(row.route, params, row.body?.(scene), authorization[caller]);
      got[caller] = answer.status < 300 ? "ok" : (answer.code ?? String(answer.status));
    }
    expect(got).toEqual(Object.fromEntries(CALLERS.map((caller, index) => [caller, row.expect[index]])));
  });

  it.each(FRAMES.map((row) => [row.type, row] as const))("[PERM-3] frame %s", async (type, row) => {
    const scene = await createScene();
    const users = [scene.admin, scene.member, scene.stranger, foreignUser];
    const sockets: TestSocket[] = await Promise.all(users.map((user) => openSocket(stack.baseUrl, user.token)));
    const got: Outcome[] = [];
    for (const socket of [...sockets].reverse()) {
      const answer = await socket.request(type, row.data(scene));
      got.unshift(answer.type === "error" ? (answer.data.code as Outcome) : "ok");
    }
    expect(got).toEqual(row.expect);
    await Promise.all(sockets.map((socket) => socket.close()));
  });
});
