import type { ErrorBody, ErrorCode, ErrorDetail } from "../protocol/errors.ts";

/** Codes of failures that never reached the server, or whose answer never came back. */
export type LocalErrorCode = "NETWORK_ERROR" | "CONNECTION_CLOSED" | "TOKEN_UNAVAILABLE" | "UPLOAD_FAILED";

export interface KabarErrorOptions {
  /** HTTP status, where the failure was an HTTP answer. */
  status?: number;
  /** Seconds after which the same call may succeed. */
  retryAfter?: number;
  details?: ErrorDetail[];
  requestId?: string;
  cause?: unknown;
}

/** Every failure that the library reports. `message` reads "unable to X; because Y". */
export class KabarError extends Error {
  override readonly name = "KabarError";
  readonly code: ErrorCode | LocalErrorCode;
  readonly status: number | undefined;
  readonly retryAfter: number | undefined;
  readonly details: ErrorDetail[] | undefined;
  readonly requestId: string | undefined;

  constructor(code: ErrorCode | LocalErrorCode, action: string, reason: string, options: KabarErrorOptions = {}) {
    super(`unable to ${action}; because ${reason}`, { cause: options.cause });
    this.code = code;
    this.status = options.status;
    this.retryAfter = options.retryAfter;
    this.details = options.details;
    this.requestId = options.requestId;
  }

  /** True where the same call, repeated unchanged, may succeed later. */
  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}

const RETRYABLE: ReadonlySet<ErrorCode | LocalErrorCode> = new Set([
  "RATE_LIMITED",
  "INTERNAL",
  "UPSTREAM_UNAVAILABLE",
  "NETWORK_ERROR",
  "CONNECTION_CLOSED",
  "TOKEN_UNAVAILABLE",
] as const);

/** One line about anything that was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Makes the error of an HTTP answer that is not a success; reads its body. */
export async function errorOfResponse(action: string, response: Response): Promise<KabarError> {
  const body = (await response.json().catch(() => undefined)) as Partial<ErrorBody> | undefined;
  const header = Number(response.headers.get("retry-after"));
  const options = {
    status: response.status,
    retryAfter: header > 0 ? header : undefined,
    details: body?.error?.details,
    requestId: body?.error?.request_id,
  };
  const code = body?.error?.code ?? codeOfStatus(response.status);
  return new KabarError(code, action, body?.error?.message ?? `the server answered ${response.status}`, options);
}

/** The code where a proxy answered in place of the server, without its error body. */
function codeOfStatus(status: number): ErrorCode {
  if (status === 401) return "UNAUTHORIZED";
  if (status === 403) return "FORBIDDEN";
  if (status === 404) return "NOT_FOUND";
  if (status === 413) return "MESSAGE_TOO_LARGE";
  if (status === 429) return "RATE_LIMITED";
  if (status < 500) return "VALIDATION_ERROR";
  return status === 500 ? "INTERNAL" : "UPSTREAM_UNAVAILABLE";
}
