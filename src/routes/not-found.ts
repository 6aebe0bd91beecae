import { ApiError, notFound } from "../domain/api-error.ts";
import type { AppContext } from "../middleware/request.ts";
import type { Api } from "./api.ts";

/** What no route took: 405 with `Allow` where the path exists under another method, else 404. */
export function registerNotFound(api: Api): void {
  const routes = api.routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => ({ method, matches: new RegExp(`^${path.replaceAll(/:[^/]+/g, "[^/]+")}$`) }));
  api.notFound((c: AppContext) => {
    const allowed = new Set(routes.filter(({ matches }) => matches.test(c.req.path)).map(({ method }) => method));
    if (allowed.size === 0) throw notFound("page");
    c.header("allow", [...allowed].join(", "));
    throw new ApiError("NOT_FOUND", `${c.req.method} is not a method of this address`, { status: 405 });
  });
}
