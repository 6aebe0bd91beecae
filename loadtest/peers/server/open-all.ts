import { forEachLimited } from "../../run/clock.ts";

/** Connections that are being opened at one time: the same for every server. */
const AT_ONCE = 32;

/** Opens the connections of all members, in order of their index; all closed again where one fails. */
export async function openAll<Member extends { close(): void }>(
  members: number,
  open: (member: number) => Promise<Member>,
): Promise<Member[]> {
  const opened: Member[] = [];
  try {
    await forEachLimited(Array.from({ length: members }), AT_ONCE, async (_, member) => {
      opened[member] = await open(member);
    });
    return opened;
  } catch (error) {
    for (const member of opened) member?.close();
    throw error;
  }
}
