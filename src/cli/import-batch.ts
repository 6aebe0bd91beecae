import type * as z from "zod";
import {
  type blockLineSchema,
  type channelLineSchema,
  type ExportLine,
  exportLineSchema,
  type memberLineSchema,
  type messageLineSchema,
  type reactionLineSchema,
  type userLineSchema,
} from "../protocol/export.ts";
import type { FileLine } from "./import-lines.ts";
import { OperatorError } from "./workspaces.ts";

type DataOf<Schema extends z.ZodType<{ data: unknown }>> = z.infer<Schema>["data"] & { line: number };
export type UserData = DataOf<ReturnType<typeof userLineSchema>>;
export type ChannelData = DataOf<ReturnType<typeof channelLineSchema>>;
export type MemberData = DataOf<ReturnType<typeof memberLineSchema>>;
export type BlockData = DataOf<ReturnType<typeof blockLineSchema>>;
export type MessageData = DataOf<ReturnType<typeof messageLineSchema>>;
export type ReactionData = DataOf<ReturnType<typeof reactionLineSchema>>;

/** Lines of a file that are written together. */
export class Batch {
  readonly users: UserData[] = [];
  readonly channels: ChannelData[] = [];
  readonly members: MemberData[] = [];
  readonly blocks: BlockData[] = [];
  readonly messages: MessageData[] = [];
  readonly reactions: ReactionData[] = [];
  /** Byte of the file at which the next batch begins. */
  end = 0;
  size = 0;

  add(parsed: ExportLine, { number: line, end }: FileLine): void {
    this.end = end;
    this.size++;
    if (parsed.type === "user") this.users.push({ ...parsed.data, line });
    else if (parsed.type === "channel") this.channels.push({ ...parsed.data, line });
    else if (parsed.type === "member") this.members.push({ ...parsed.data, line });
    else if (parsed.type === "block") this.blocks.push({ ...parsed.data, line });
    else if (parsed.type === "message") this.messages.push({ ...parsed.data, line });
    else if (parsed.type === "reaction") this.reactions.push({ ...parsed.data, line });
  }
}

/** A line as the schema of its type has it. @throws OperatorError that names the line */
export function parseLine({ text, number }: FileLine): ExportLine | undefined {
  if (text.trim() === "") return undefined;
  const parsed = exportLineSchema().safeParse(parseJson(text, number));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined ? "" : `${issue.path.join(".")} ${issue.message}`;
  throw new OperatorError(`line ${number}: ${where}`);
}

function parseJson(text: string, number: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new OperatorError(`line ${number} is no JSON`);
  }
}
