import { Ratelimit } from "@upstash/ratelimit";
import { Redis } from "@upstash/redis/cloudflare";
import type { BudgetStore } from "../domain/hub-ports.ts";
import { withDeadline } from "./deadline.ts";

/** What a message budget needs of the settings. */
export interface MessageBudgetSettings {
  redis: { url: string; token: string } | undefined;
  messagesPerMinute: number;
}

/** Milliseconds after which Redis counts as not answering. */
const TIMEOUT_MS = 2_000;

/**
 * A workspace's message budgets in Redis, as @upstash/ratelimit's sliding window; a lease takes several tokens by one
 * command, and the commands for several users are one request. Undefined where the deployment has no Redis: the hub's own window then limits alone.
 */
export function messageBudgetStore(settings: MessageBudgetSettings, workspaceId: string): BudgetStore | undefined {
  const { redis, messagesPerMinute } = settings;
  if (redis === undefined) return undefined;
  const limiterWith = (signal: AbortSignal) =>
    new Ratelimit({
      redis: new Redis({ ...redis, enableAutoPipelining: true, enableTelemetry: false, retry: false, signal }),
      limiter: Ratelimit.slidingWindow(messagesPerMinute, "1 m"),
      prefix: `kabar:messages:${workspaceId}`,
      // The hub keeps its own memory of refusals; and a timer of the library would keep it from hibernating.
      ephemeralCache: false,
      timeout: 0,
      analytics: false,
    });
  return {
    async lease(userIds, count) {
      // A client per request, since each has a deadline of its own; it is a few plain objects and no connection.
      const answers = await withDeadline(TIMEOUT_MS, (signal) => {
        const limiter = limiterWith(signal);
        return Promise.all(userIds.map((userId) => limiter.limit(userId, { rate: count })));
      });
      return answers.map(({ success, reset }) => (success ? 0 : Math.max(1, reset - Date.now())));
    },
  };
}
