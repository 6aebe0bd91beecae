/**
 * What Cloudflare's own front does before a request reaches the Worker, for the local run-time: static assets and the
 * store's S3 door. (Not the caller's address: here all callers have the same one.) It runs inside workerd in the same
 * isolate as the Worker, so that a socket to the Worker passes through no proxy (miniflare would put three Workers in
 * between).
 */
interface Handler {
  fetch(request: Request, env: FrontEnv, context: unknown): Response | Promise<Response>;
}

interface FrontEnv {
  ASSETS?: { fetch(request: Request): Promise<Response> };
  KABAR_ENTRY?: { fetch(request: Request): Promise<Response> };
}

const S3_PATH = "/cdn-cgi/local/r2/s3/";

/** Wraps the Worker; `workerFirst` is `assets.run_worker_first` of wrangler.toml, true for all paths. */
export function createFront(worker: Handler, workerFirst: string[] | boolean): Handler {
  const isWorkerFirst = pathMatcher(workerFirst);
  return {
    fetch(request, env, context) {
      const { pathname } = new URL(request.url);
      if (pathname.startsWith(S3_PATH) && env.KABAR_ENTRY) return env.KABAR_ENTRY.fetch(request);
      const mayBeAsset = request.method === "GET" || request.method === "HEAD";
      if (!mayBeAsset || !env.ASSETS || isWorkerFirst(pathname)) return worker.fetch(request, env, context);
      return assetOrWorker(env.ASSETS, request, () => worker.fetch(request, env, context));
    },
  };
}

async function assetOrWorker(
  assets: { fetch(request: Request): Promise<Response> },
  request: Request,
  next: () => Response | Promise<Response>,
): Promise<Response> {
  const asset = await assets.fetch(request.clone());
  return asset.status === 404 ? next() : asset;
}

function pathMatcher(rules: string[] | boolean): (pathname: string) => boolean {
  if (typeof rules === "boolean") return () => rules;
  const toPattern = (rule: string): RegExp =>
    new RegExp(`^${rule.replace(/[.+?^$|{}()[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);
  const yes = rules.filter((rule) => !rule.startsWith("!")).map(toPattern);
  const no = rules.filter((rule) => rule.startsWith("!")).map((rule) => toPattern(rule.slice(1)));
  return (pathname) => yes.some((rule) => rule.test(pathname)) && !no.some((rule) => rule.test(pathname));
}
