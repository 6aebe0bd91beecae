import type { Attachment } from "../protocol/attachment.ts";
import type { MessageType, SendMessageBody } from "../protocol/message.ts";
import { exceedsBytes } from "../protocol/primitives.ts";
import { isAllowedAttachment } from "./attachment-policy.ts";
import type { HubError } from "./hub-contract.ts";

/** What a deployment's settings say about messages. */
export interface SendRules {
  /** UTF-8 bytes. */
  maxMessageBytes: number;
  maxAttachmentBytes: number;
  /** Media types, `image/*` for a whole family. */
  attachmentTypes: readonly string[];
  /** Every attachment URL begins with this; undefined where no object store is set up. */
  s3PublicUrl: string | undefined;
}

/** The content of a message in its stored form, every default filled in. */
export interface MessageContent {
  content: string;
  type: MessageType;
  attachmentUrl: string | null;
  attachment: Attachment | null;
}

const invalid = (path: string, message: string): HubError => ({
  code: "VALIDATION_ERROR",
  message: `unable to send the message; because ${path} ${message}`,
  details: [{ path, message }],
});

/**
 * Checks a message's own content: size first, then the attachment.
 *
 * @param maySendSystem true for a workspace key
 */
export function readContent(
  body: Omit<SendMessageBody, "user_id">,
  rules: SendRules,
  maySendSystem: boolean,
): MessageContent | { refusal: HubError } {
  const content = body.content ?? body.text ?? "";
  if (exceedsBytes(content, rules.maxMessageBytes)) {
    const message = `unable to send the message; because its content is larger than ${rules.maxMessageBytes} bytes`;
    return { refusal: { code: "MESSAGE_TOO_LARGE", message } };
  }
  const attachmentUrl = body.attachment_url ?? null;
  const attachment = body.attachment ?? null;
  if (content.trim() === "" && attachmentUrl === null && body.streaming !== true) {
    return { refusal: invalid("content", "must not be empty without an attachment") };
  }
  if (attachment !== null && attachmentUrl === null) {
    return { refusal: invalid("attachment", "needs an attachment_url") };
  }
  if (attachmentUrl !== null && !isUnder(attachmentUrl, rules.s3PublicUrl)) {
    return { refusal: invalid("attachment_url", "must begin with the deployment's public file URL") };
  }
  if (attachment !== null && !isAllowedAttachment(attachment.content_type, rules.attachmentTypes)) {
    return { refusal: invalid("attachment.content_type", "is not an allowed type") };
  }
  if (attachment !== null && attachment.size > rules.maxAttachmentBytes) {
    return { refusal: invalid("attachment.size", `must be at most ${rules.maxAttachmentBytes} bytes`) };
  }
  const type = body.type ?? defaultType(attachmentUrl, attachment);
  if (type === "system" && !maySendSystem)
    return { refusal: invalid("type", "may be system with a workspace key only") };
  if ((type === "image" || type === "file") && attachmentUrl === null) {
    return { refusal: invalid("attachment_url", `must be given for type ${type}`) };
  }
  return { content, type, attachmentUrl, attachment };
}

function isUnder(url: string, publicUrl: string | undefined): boolean {
  if (publicUrl === undefined || !URL.canParse(url)) return false;
  const base = publicUrl.endsWith("/") ? publicUrl : `${publicUrl}/`;
  // Compared after normalization, so that "/../" does not lead out of the base.
  return url.startsWith(base) && new URL(url).href.startsWith(new URL(base).href);
}

function defaultType(url: string | null, attachment: Attachment | null): MessageType {
  if (url === null) return "text";
  return attachment?.content_type.startsWith("image/") ? "image" : "file";
}
