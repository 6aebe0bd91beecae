import type { DemoSession } from "../protocol/demo.ts";

/** One of the demo's two users, with a token of its own. */
export type DemoUser = DemoSession["users"][number];

/**
 * Fetches the demo's session; undefined where this deployment has no demo.
 * @throws {Error} where the server cannot be reached or fails
 */
export async function fetchSession(): Promise<DemoSession | undefined> {
  const response = await fetch("/demo/session", { headers: { accept: "application/json" } });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return (await response.json()) as DemoSession;
}

/** Hands the session's token out once, and fetches a new session for each token after it. */
export function tokenGetter(user: DemoUser): () => Promise<string> {
  let first: string | undefined = user.token;
  return async () => {
    const token = first;
    first = undefined;
    if (token !== undefined) return token;
    const session = await fetchSession();
    const fresh = session?.users.find((one) => one.id === user.id);
    if (!fresh) throw new Error("the demo has ended");
    return fresh.token;
  };
}
