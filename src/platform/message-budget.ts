import { Ratelimit } from "@upstash/ratelimit";
import { Redis } from "@upstash/redis/cloudflare";
import type { BudgetStore } from "../domain/hub-ports.ts";

/** What a message budget needs of the settings. */
export interface MessageBudgetSettings {
  redis: { url: string; token: string } | undefined;
  messagesPerMinute: number;
}

/** Milliseconds after which Redis counts as not answering. */
const TIMEOUT_MS = 2_000;

/**
 * A workspace's message budgets in Redis, as @upstash/ratelimit's sliding window; a lease takes several tokens by one
 * command. Undefined where the deployment has no Redis: the hub's own window then limits alone.
 */
export function messageBudgetStore(settings: MessageBudgetSettings, workspaceId: string): BudgetStore | undefined {
  if (settings.redis === undefined) return undefined;
  const limiter = new Ratelimit({
    redis: new Redis({
      ...settings.redis,
      enableAutoPipelining: false,
      retry: false,
      signal: () => AbortSignal.timeout(TIMEOUT_MS),
    }),
    limiter: Ratelimit.slidingWindow(settings.messagesPerMinute, "1 m"),
    prefix: `kabar:messages:${workspaceId}`,
    // The hub keeps its own memory of refusals; and a timer of the library would keep it from hibernating.
    ephemeralCache: false,
    timeout: 0,
    analytics: false,
  });
  return {
    async lease(userId, count) {
      const { success, reset } = await limiter.limit(userId, { rate: count });
      return success ? 0 : Math.max(1, reset - Date.now());
    },
  };
}
