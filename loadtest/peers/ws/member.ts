import { LoadError } from "../../errors.ts";
import { RawSocket } from "../../net/raw-socket.ts";
import { encodeFrame, OPCODE } from "../../net/ws-frames.ts";
import type { GroupMember, Heard } from "../peer.ts";
import { Answers } from "../server/answers.ts";

const TIMEOUT_MS = 15_000;

/** One socket at the `ws` relay; its ping is the WebSocket's own. */
export async function openWsMember(url: URL, member: number, heard: Heard): Promise<GroupMember> {
  const pings = new Answers();
  const socket = await RawSocket.connect(
    url,
    "relay",
    {
      message: (payload, at) => heard(member, payload, at),
      pong: () => pings.settleOldest(),
      closed: (code) => pings.end(new LoadError(`the socket was closed with ${code}`)),
    },
    TIMEOUT_MS,
  );
  return {
    send: (content) => socket.send(content),
    ping() {
      const { answer } = pings.ask();
      socket.sendFrame(encodeFrame(OPCODE.PING, ""));
      return answer;
    },
    close: () => socket.drop(),
  };
}
