import { KabarError } from "../sdk/index.ts";

/** An error as people would say it; `aboutFile` where the message had a file with it. */
export function explain(error: unknown, aboutFile = false): string {
  if (!(error instanceof KabarError)) return error instanceof Error ? error.message : String(error);
  if (aboutFile && error.code === "VALIDATION_ERROR") return "This kind of file cannot be sent.";
  if (aboutFile && error.code === "MESSAGE_TOO_LARGE") return "This file is too large.";
  switch (error.code) {
    case "RATE_LIMITED":
      return error.retryAfter
        ? `Too many messages at once. Try again in ${Math.ceil(error.retryAfter)} s.`
        : "Too many messages at once. Try again in a moment.";
    case "MESSAGE_TOO_LARGE":
      return "That message is too long.";
    case "MESSAGE_REJECTED":
      return "That message is not allowed here.";
    case "MUTED":
      return "You are muted in this channel.";
    case "NOT_A_MEMBER":
      return "You are no longer a member of this channel.";
    case "NETWORK_ERROR":
      return "The server cannot be reached.";
    case "UPLOAD_FAILED":
      return "The file could not be uploaded.";
    default:
      return error.message.charAt(0).toUpperCase() + error.message.slice(1);
  }
}
