import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";
import { reactionParams } from "./params.ts";

/** One reaction per user and message: another emoji takes its place, a repeat is a no-op. */
export function registerReactions(api: Api): void {
  for (const method of ["put", "delete"] as const) {
    endpoint(
      api,
      {
        method,
        path: "/v1/channels/{id}/messages/{mid}/reactions/{emoji}",
        summary: method === "put" ? "React to a message; replaces the caller's other emoji" : "Take the reaction away",
        tag: "Reactions",
        auth: "U",
        params: reactionParams,
        responses: { 204: { description: "Done, or already so" } },
        errors: ["NOT_FOUND", "NOT_A_MEMBER"],
      },
      async ({ params, c }, { hub, caller }) => {
        const change = method === "put" ? { emoji: params.emoji } : { emoji: undefined, only: params.emoji };
        await hub.react({ channel: params.id, messageId: params.mid, userId: caller.userId, ...change });
        return c.body(null, 204);
      },
    );
  }
}
