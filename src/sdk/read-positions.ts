import type { Member } from "../protocol/member.ts";
import type { Message } from "../protocol/message.ts";
import type { UserSummary } from "../protocol/user.ts";

/** Who has read how far in one channel: by the receipts' sequence numbers, and before the first one by the members' times. */
export class ReadPositions {
  readonly #seq = new Map<string, number>();
  readonly #at = new Map<string, number>();
  #members: Member[] = [];

  setMembers(members: Member[]): void {
    this.#members = members;
    for (const { user, last_read_at } of members) if (last_read_at) this.#at.set(user.id, Date.parse(last_read_at));
  }

  /** A receipt, or a message of the user's own. */
  note(userId: string, seq: number): void {
    this.#seq.set(userId, Math.max(seq, this.#seq.get(userId) ?? 0));
  }

  /** The members, other than its author, who have read a message. */
  readersOf({ seq, created_at, user_id }: Message): UserSummary[] {
    const createdAt = Date.parse(created_at);
    return this.#members.flatMap(({ user }) => {
      const hasRead = (this.#seq.get(user.id) ?? 0) >= seq || (this.#at.get(user.id) ?? 0) >= createdAt;
      return user.id !== user_id && hasRead ? [user] : [];
    });
  }
}
