import { ERRORS, type ErrorCode, type ErrorDetail } from "../protocol/errors.ts";

export interface ApiErrorOptions {
  details?: ErrorDetail[] | undefined;
  /** Seconds after which the same request may succeed. */
  retryAfter?: number | undefined;
  /** Only for the HTTP statuses that have no code of their own (405, 426); else the code's status holds. */
  status?: 405 | 426;
  /** For the log; never sent. */
  cause?: unknown;
}

export type HttpStatus = (typeof ERRORS)[ErrorCode]["status"] | 405 | 426;

/** A refusal that the caller may read: code, text and details go out as they are. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly status: HttpStatus;
  readonly details: ErrorDetail[] | undefined;
  /** Seconds. */
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, message: string, options: ApiErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = "ApiError";
    this.code = code;
    this.status = options.status ?? ERRORS[code].status;
    this.details = options.details;
    this.retryAfter = options.retryAfter;
  }
}

/** A part that Kabar stands on did not answer. The same request is safe to repeat. */
export class UpstreamUnavailable extends ApiError {
  constructor(what: string, cause?: unknown) {
    super("UPSTREAM_UNAVAILABLE", `${what} does not answer; try again`, { retryAfter: 1, cause });
    this.name = "UpstreamUnavailable";
  }
}

/** One complaint about one field. */
export function invalid(path: string, message: string): ApiError {
  return new ApiError("VALIDATION_ERROR", `${path} ${message}`, { details: [{ path, message }] });
}

/** The same words for "does not exist" and "belongs to another workspace". */
export function notFound(what: string): ApiError {
  return new ApiError("NOT_FOUND", `${what} not found`);
}
