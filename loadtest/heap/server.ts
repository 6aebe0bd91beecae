import type { GroupMember } from "../peers/peer.ts";

/** A server whose isolate is looked into: Kabar's hub, or the bare object beside it. */
export interface HeapServer {
  /** What is measured, in one line. */
  readonly setup: string;
  /** workerd's process. */
  readonly pid: number;
  readonly inspectorPort: number;
  /** The isolate's name at the inspector. */
  readonly isolate: string;
  /** A request that the isolate answers without waking the object. */
  readonly pokeUrl: URL;
  /** Makes everything that the sockets up to `sockets` need before they connect. */
  prepare(sockets: number): Promise<void>;
  /** Opens the sockets from one index up to another, all of one object. */
  open(from: number, to: number): Promise<GroupMember[]>;
  stop(): Promise<void>;
}
