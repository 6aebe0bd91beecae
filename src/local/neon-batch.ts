import type { IncomingHttpHeaders } from "node:http";

const LEVELS: Record<string, string> = {
  ReadUncommitted: "READ UNCOMMITTED",
  ReadCommitted: "READ COMMITTED",
  RepeatableRead: "REPEATABLE READ",
  Serializable: "SERIALIZABLE",
};

/** The BEGIN statement that a batch's headers ask for. */
export function beginStatement(headers: IncomingHttpHeaders): string {
  const level = LEVELS[String(headers["neon-batch-isolation-level"])];
  const parts = ["BEGIN"];
  if (level) parts.push(`ISOLATION LEVEL ${level}`);
  if (headers["neon-batch-read-only"] === "true") parts.push("READ ONLY");
  if (headers["neon-batch-deferrable"] === "true") parts.push("DEFERRABLE");
  return parts.join(" ");
}
