/**
 * Whether a page of this origin may open a socket: with no list only pages of our own host, else those on the list, `*` any. A
 * request without `Origin` does not come from a browser, which is what the rule protects.
 */
export function isAllowedOrigin(origin: string | undefined, requestUrl: string, allowed: readonly string[]): boolean {
  if (origin === undefined || allowed.includes("*")) return true;
  if (allowed.length > 0) return allowed.includes(origin);
  return URL.canParse(origin) && new URL(origin).host === new URL(requestUrl).host;
}
