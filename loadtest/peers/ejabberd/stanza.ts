/**
 * Reads stanzas as ejabberd writes them: one whole element per WebSocket message (RFC 7395), `<`, `>` and `&` escaped in
 * texts and attributes. No XML parser: the generator shares its cores with the server and needs a few attributes only.
 */

const TAG_START = "<".charCodeAt(0);
const TAG_END = ">".charCodeAt(0);
const NAME_ENDS = new Set([" ", ">", "/"].map((char) => char.charCodeAt(0)));
const MESSAGE = Buffer.from("<message ");
const GROUPCHAT = Buffer.from(" type='groupchat'");
const STANZA_ID = Buffer.from("<stanza-id ");

/** Whether this is a message: most of what arrives is. */
export function isMessage(frame: Buffer): boolean {
  return frame.length > MESSAGE.length && MESSAGE.compare(frame, 0, MESSAGE.length) === 0;
}

/** Name of the element, such as `message` or `stream:features`; empty where there is none. */
export function elementName(frame: Buffer): string {
  if (frame[0] !== TAG_START) return "";
  let end = 1;
  while (end < frame.length && !NAME_ENDS.has(frame[end] ?? 0)) end++;
  return frame.toString("latin1", 1, end);
}

/** Whether a message is one of a room; asked for each delivery, so that no text is made of the bytes. */
export function isGroupchat(message: Buffer): boolean {
  const found = message.indexOf(GROUPCHAT);
  return found >= 0 && found < message.indexOf(TAG_END);
}

/** Whether the first tag has this attribute, as in `type='error'`. */
export function hasAttribute(frame: Buffer, name: string, value: string): boolean {
  return attribute(frame, name) === value;
}

/** Value of an attribute of the tag that begins at `from`, as it is written. */
export function attribute(frame: Buffer, name: string, from = 0): string | undefined {
  const end = frame.indexOf(TAG_END, from);
  const tag = frame.toString("latin1", from, end < 0 ? frame.length : end);
  const found = tag.indexOf(` ${name}=`);
  if (found < 0) return undefined;
  const start = found + name.length + 3;
  const close = tag.indexOf(tag.charAt(start - 1), start);
  return close < 0 ? undefined : tag.slice(start, close);
}

/** Id in the archive (XEP-0359); undefined where the message was not archived. */
export function archiveId(frame: Buffer): string | undefined {
  const found = frame.indexOf(STANZA_ID);
  return found < 0 ? undefined : attribute(frame, "id", found);
}

/** What went wrong, as the defined condition of an error stanza or stream error says it. */
export function errorCondition(frame: Buffer): string {
  const text = frame.toString("utf8");
  return (
    /<([a-z-]+) xmlns='urn:ietf:params:xml:ns:xmpp-(?:stanzas|streams|sasl)'/.exec(text)?.[1] ?? text.slice(0, 300)
  );
}
