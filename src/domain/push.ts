import type { Platform, PushSubscriptionKeys } from "../protocol/push.ts";
import { invalid } from "./api-error.ts";
import { refusalOfTarget } from "./webhook-target.ts";

/** A place to which a user's pushes go. */
export interface PushDevice {
  token: string;
  platform: Platform;
  /** Of a browser that uses Web Push; null where the token is FCM's. */
  subscription: PushSubscriptionKeys | null;
}

/** All that decides about a user's pushes besides what the hub knows anyway. */
export interface PushProfile {
  userId: string;
  devices: PushDevice[];
  /** Unix milliseconds until which the user wants no pushes at all, 0 for no mute. */
  mutedUntil: number;
  /** Channel id → unix milliseconds until which it is muted. */
  channels: Record<string, number>;
  /** Users whose messages this one does not want to see. */
  blocked: string[];
}

/** The end of a mute without end, in unix milliseconds. */
export const FOR_GOOD = Number.MAX_SAFE_INTEGER;

/** What a push says: who wrote, and where to find it, never what. */
export interface PushNotification {
  title: string;
  channelId: string;
  messageId: string;
  /** Seconds for which the push service may keep it for a device that is away. */
  ttlSeconds: number;
}

/** What became of one push. */
export type PushOutcome =
  | { kind: "sent" }
  /** The device does not exist any more. */
  | { kind: "gone" }
  /** Not now. `pauseMs` where the service said for how long, `isService` where that goes for all of its devices. */
  | { kind: "retry"; reason: string; pauseMs?: number; isService?: boolean }
  /** The push service refuses this push, and would again. */
  | { kind: "refused"; reason: string };

/** Compatible with Cariosan's documented API: the sender's name, never the body. */
export function pushTitle(senderName: string | undefined): string {
  return senderName === undefined ? "New message" : `${senderName} sent a message`;
}

/** Seconds of a `Retry-After` header as milliseconds, also where it is a date; undefined where it is absent or no use. */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null || header.trim() === "") return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}

/**
 * Refuses endpoints that are no push service's: they are users' input, and the hub calls them.
 *
 * @param allowPrivate true for local development
 * @throws VALIDATION_ERROR
 */
export function requirePushEndpoint(endpoint: string, allowPrivate: boolean): void {
  const refusal = refusalOfTarget(endpoint, allowPrivate);
  if (refusal !== undefined) throw invalid("subscription.endpoint", refusal);
  if (!allowPrivate && new URL(endpoint).protocol !== "https:") {
    throw invalid("subscription.endpoint", "must be an https URL");
  }
}
