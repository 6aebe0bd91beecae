import fc from "fast-check";
import { expect, it } from "vitest";
import { Audiences } from "../../../durable-objects/hub/audiences.ts";
import { Connection } from "../../../durable-objects/hub/connection.ts";
import { Connections } from "../../../durable-objects/hub/connections.ts";
import { Directory } from "../../../durable-objects/hub/directory.ts";
import { migrate } from "../../../durable-objects/hub/schema.ts";
import { FakeSocket, nodeSql, uuid } from "../../support/hub-rig.ts";

const JOINED_AT = "2026-01-01T00:00:00.000Z";

function connectionOf(userId: string): Connection {
  const times = { tokenExpiresAt: 1, connectedAt: 0, heardAt: 0 };
  const state = { id: "c", userId, resumeFrom: 0, ...times };
  return new Connection(new FakeSocket(), state, { through: 0, held: false, now: 0 });
}

it("[SOCK-2] an audience is the open connections of the members of now, whoever came and went since the last message", () => {
  const step = fc.record({
    do: fc.constantFrom("join", "leave", "connect", "close"),
    user: fc.integer({ min: 1, max: 2 }),
    isWrittenTo: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const sql = nodeSql();
      migrate(sql);
      const directory = new Directory(sql, () => {});
      const info = {
        id: uuid("channel", 1),
        external_id: null,
        type: "group" as const,
        name: null,
        avatar_url: null,
        created_by: null,
        created_at: JOINED_AT,
        updated_at: JOINED_AT,
      };
      const snapshot = { version: 1, deleted: false, users: [], members: [], last_seq: 0, last_message_id: null };
      const channel = directory.insertChannel({ channel: info, ...snapshot }, 1);
      const connections = new Connections();
      const audiences = new Audiences(connections);
      const [members, open] = [new Set<string>(), new Set<Connection>()];
      for (const { do: what, user, isWrittenTo } of steps) {
        const userId = uuid("user", user);
        const [own] = [...open].filter((one) => one.userId === userId);
        if (what === "join") {
          members.add(userId);
          directory.putMembers(channel, [{ user_id: userId, role: "member", joined_at: JOINED_AT }], 1);
        } else if (what === "leave") {
          members.delete(userId);
          directory.removeMembers(channel, [userId]);
        } else if (what === "connect") {
          const connection = connectionOf(userId);
          open.add(connection);
          connections.add(connection);
        } else if (what === "close" && own !== undefined) {
          open.delete(own);
          connections.remove(own);
        }
        if (!isWrittenTo) continue;
        const expected = [...open].filter((one) => members.has(one.userId));
        const found = audiences.of(channel);
        expect(found).toHaveLength(expected.length);
        expect(new Set(found)).toEqual(new Set(expected));
      }
    }),
    { numRuns: 300 },
  );
});
