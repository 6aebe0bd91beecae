import type { ChannelChange } from "../../src/domain/hub-contract.ts";
import type { FrameDown } from "../../src/protocol/frames-down.ts";

const time = "2026-01-01T00:00:00.000Z";

/** The creation of a group with these members. */
export function creation(channelId: string, userIds: string[]): ChannelChange {
  return {
    channel: {
      id: channelId,
      external_id: `ext-${channelId}`,
      type: "group",
      name: "Lobby",
      avatar_url: null,
      created_by: null,
      created_at: time,
      updated_at: time,
    },
    version: 1,
    deleted: false,
    updated: false,
    users: userIds.map((id, n) => ({ id, external_id: `user-${n}`, name: `User ${n}`, avatar_url: null, version: 1 })),
    joined: userIds.map((id) => ({ user_id: id, role: "member", joined_at: time })),
    roleChanged: [],
    left: [],
  };
}

/** Opens a socket as the Worker forwards it, and collects its frames. */
export async function connect(stub: DurableObjectStub, workspaceId: string, userId: string) {
  const response = await stub.fetch("https://hub.test/v1/ws", {
    headers: {
      upgrade: "websocket",
      "x-kabar-user-id": userId,
      "x-kabar-workspace-id": workspaceId,
      "x-kabar-token-exp": String(Math.floor(Date.now() / 1000) + 3600),
    },
  });
  const socket = response.webSocket;
  if (!socket) throw new Error(`no socket: ${response.status}`);
  const frames: FrameDown[] = [];
  socket.addEventListener("message", (event) => frames.push(JSON.parse(String(event.data)) as FrameDown));
  socket.accept();
  const until = async <Type extends FrameDown["type"]>(type: Type, count = 1) => {
    const found = () => frames.filter((frame): frame is Extract<FrameDown, { type: Type }> => frame.type === type);
    for (let n = 0; n < 200 && found().length < count; n++) await scheduler.wait(10);
    return found();
  };
  await until("connection.ready");
  return { response, socket, frames, until };
}
