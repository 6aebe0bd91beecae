import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MyChannel } from "../../src/protocol/channel.ts";
import { createGroup, createUser, type TestUser, workspaceCaller } from "../support/group.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";
import { TestBrowser } from "../support/web-push-browser.ts";

describe("a user's own view of its channels, without any push service", () => {
  let stack: TestStack;
  const listed = async (user: TestUser, query = ""): Promise<MyChannel[]> =>
    (await user.get(`/v1/me/channels${query}`)).body.channels;

  beforeAll(async () => {
    stack = await startTestStack({ env: { CARIOS_WEBHOOK_ALLOW_PRIVATE: "false" } });
  });
  afterAll(() => stack.stop());

  it("[PREF-1] a muted channel says so to its member only, until when, and no longer", async () => {
    const group = await createGroup(stack, "muted", 2);
    const [ana, budi] = [group.member(0), group.member(1)];
    const path = `/v1/me/channels/${group.channelId}/mute`;
    expect((await listed(budi))[0]).toMatchObject({ muted: false, muted_until: null, hidden: false });
    const until = "2999-12-31T23:59:59.500Z";
    for (let n = 0; n < 2; n++) {
      expect((await budi.put(path, { until })).body).toEqual({ muted: true, muted_until: until });
    }
    expect((await listed(budi))[0]).toMatchObject({ muted: true, muted_until: until });
    expect((await listed(ana))[0]).toMatchObject({ muted: false, muted_until: null });
    // By external id, and for good.
    expect((await budi.put("/v1/me/channels/muted/mute")).body).toEqual({ muted: true, muted_until: null });
    expect((await listed(budi))[0]).toMatchObject({ muted: true, muted_until: null });
    expect((await budi.put(path, { until: "2001-01-01T00:00:00Z" })).body).toEqual({ muted: false, muted_until: null });
    await budi.put(path, { until: null });
    for (let n = 0; n < 2; n++) expect((await budi.delete(path)).body).toEqual({ muted: false, muted_until: null });
    expect((await listed(budi))[0]).toMatchObject({ muted: false });
    expect((await budi.put(path, { until: "tomorrow" })).body.error.code).toBe("VALIDATION_ERROR");
  });

  it("[PREF-2] a hidden channel leaves the list until a new message comes, also right after an unarchived one", async () => {
    const [group, second] = [await createGroup(stack, "hidden", 2), await createUser(stack, "hidden-other")];
    const [ana, budi] = [group.member(0), group.member(1)];
    const path = `/v1/me/channels/${group.channelId}/hide`;
    await workspaceCaller(stack).post("/v1/channels", {
      type: "direct",
      member_external_ids: [budi.externalId, second.externalId],
    });
    for (let n = 0; n < 5; n++) await ana.send(group.channelId, `m${n}`);
    for (let n = 0; n < 2; n++) expect((await budi.put(path)).status).toBe(204);
    expect((await listed(budi)).map(({ id, hidden }) => [id === group.channelId, hidden])).toEqual([[false, false]]);
    expect(await listed(budi, "?hidden=false")).toHaveLength(1);
    expect(await listed(budi, "?hidden=true")).toMatchObject([{ id: group.channelId, hidden: true, unread_count: 5 }]);
    expect(await listed(ana)).toMatchObject([{ id: group.channelId, hidden: false }]);
    await ana.send(group.channelId, "news");
    expect((await listed(budi)).map(({ id }) => id)).toContain(group.channelId);
    expect(await listed(budi, "?hidden=true")).toEqual([]);
    await budi.put(path);
    expect(await listed(budi, "?hidden=true")).toHaveLength(1);
    for (let n = 0; n < 2; n++) expect((await budi.delete(path)).status).toBe(204);
    expect(await listed(budi, "?hidden=true")).toEqual([]);
    expect(await listed(budi)).toHaveLength(2);
    expect((await budi.get("/v1/me/channels?hidden=perhaps")).status).toBe(400);
  });

  it("[PREF-2] hidden channels are paged like others, each once", async () => {
    const user = await createUser(stack, "pager");
    const other = await createUser(stack, "pager-other");
    for (let n = 0; n < 5; n++) {
      const channel = await workspaceCaller(stack).post("/v1/channels", {
        type: "group",
        external_id: `paged-${n}`,
        member_external_ids: [user.externalId, other.externalId],
      });
      if (n % 2 === 0) await user.put(`/v1/me/channels/${channel.body.id}/hide`);
    }
    const pages: (string | null)[][] = [];
    for (let cursor = ""; ; ) {
      const { body } = await user.get(`/v1/me/channels?hidden=true&limit=2${cursor}`);
      pages.push(body.channels.map((channel: MyChannel) => channel.external_id));
      if (body.next_cursor === null) break;
      cursor = `&cursor=${body.next_cursor}`;
    }
    expect(pages).toEqual([["paged-4", "paged-2"], ["paged-0"]]);
  });

  it("[PREF-3] only members have a view of a channel; a newcomer's is fresh", async () => {
    const group = await createGroup(stack, "members-only", 2);
    const stranger = await createUser(stack, "stranger");
    for (const what of ["mute", "hide"]) {
      const path = `/v1/me/channels/${group.channelId}/${what}`;
      for (const method of ["PUT", "DELETE"]) {
        expect((await stranger.call(method, path)).body.error.code).toBe("NOT_A_MEMBER");
        expect((await workspaceCaller(stack).call(method, path)).status).toBe(403);
        expect((await stranger.call(method, `/v1/me/channels/nowhere/${what}`)).status).toBe(404);
      }
    }
    const budi = group.member(1);
    await budi.put(`/v1/me/channels/${group.channelId}/mute`);
    await budi.put(`/v1/me/channels/${group.channelId}/hide`);
    const key = workspaceCaller(stack);
    await key.delete(`/v1/channels/${group.channelId}/members/${budi.id}`);
    await key.post(`/v1/channels/${group.channelId}/members`, { user_ids: [budi.externalId] });
    expect(await listed(budi)).toMatchObject([{ muted: false, hidden: false }]);
  });

  it("[DEVICE-5] devices may be registered though no push service is set up, and browsers are told that there is none", async () => {
    const user = await createUser(stack, "unconfigured");
    expect((await user.put("/v1/me/devices/token-1", { platform: "android" })).status).toBe(204);
    expect((await user.put("/v1/me/devices/token-1", { platform: "ios" })).status).toBe(204);
    expect((await user.get("/v1/push/vapid-key")).body).toEqual({ public_key: null });
    expect((await user.delete("/v1/me/devices/token-1")).status).toBe(204);
  });

  it("[DEVICE-3] endpoints of Web Push are https and public", async () => {
    const user = await createUser(stack, "endpoints");
    const { keys } = new TestBrowser();
    const put = async (endpoint: string) =>
      (await user.put("/v1/me/devices/web", { platform: "web", subscription: { endpoint, keys } })).status;
    expect(await put("https://push.example.test/send/abc")).toBe(204);
    for (const endpoint of [
      "http://push.example.test/send/abc",
      "https://127.0.0.1/x",
      "https://2130706433/x",
      "https://[::1]/x",
      "https://localhost/x",
      "https://user:pass@push.example.test/x",
    ]) {
      expect([endpoint, await put(endpoint)]).toEqual([endpoint, 400]);
    }
  });
});
