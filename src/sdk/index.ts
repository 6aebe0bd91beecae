/** Kabar's client library: a user's chat over one WebSocket and REST, in browsers and Node 22 or newer. */

export type { Attachment } from "../protocol/attachment.ts";
export type { Channel as ChannelObject, MyChannel, MyChannelList } from "../protocol/channel.ts";
export type { Member } from "../protocol/member.ts";
export type { ChangedMessage, History, Mention, Message } from "../protocol/message.ts";
export type { Presence, PresenceStatus } from "../protocol/presence.ts";
export type { SearchPage, SearchResult } from "../protocol/search.ts";
export type { User, UserSummary } from "../protocol/user.ts";
export type { FileFacts, UploadedAttachment } from "./attachments.ts";
export type { Channel, ChannelEvents, EditedMessage, OutgoingMessage } from "./channel.ts";
export { type ClientEvents, type ClientOptions, createClient, type Discontinuity, KabarClient } from "./client.ts";
export type { ConnectionState, StateChange } from "./connection.ts";
export type { Unsubscribe } from "./emitter.ts";
export { KabarError, type LocalErrorCode } from "./error.ts";
export { newId } from "./ids.ts";
export type { LiveText } from "./live-texts.ts";
export { MessageStream } from "./message-stream.ts";
export type { HistoryQuery, MemberList, PageQuery } from "./rest.ts";
export type { Timings } from "./timings.ts";
export type { TypingChange } from "./typing.ts";
export type { Unread, UnreadChange, UnreadCounts } from "./unread.ts";
