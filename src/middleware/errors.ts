import type * as z from "zod";
import { ApiError } from "../domain/api-error.ts";
import { describeError, logEvent } from "../platform/log.ts";
import { SettingsError } from "../platform/settings.ts";
import type { ErrorBody, ErrorDetail } from "../protocol/errors.ts";
import type { AppContext } from "./request.ts";

/** Every failure on its way to the client. What is not an ApiError becomes INTERNAL and says nothing of its cause. */
export function respondToError(error: unknown, c: AppContext): Response {
  const known = toApiError(error);
  const requestId = c.get("requestId") ?? "";
  if (known.status >= 500) {
    const { method, path } = c.req;
    logEvent("error", "request_failed", {
      request_id: requestId,
      code: known.code,
      method,
      path,
      ...describeError(error),
    });
  }
  const body: ErrorBody = {
    error: {
      code: known.code,
      message: known.message,
      ...(known.details === undefined ? {} : { details: known.details }),
      request_id: requestId,
    },
  };
  if (known.retryAfter !== undefined) c.header("retry-after", String(Math.max(1, Math.ceil(known.retryAfter))));
  if (known.code === "UNAUTHORIZED") c.header("www-authenticate", "Bearer");
  return c.json(body, known.status);
}

/** A value that a schema accepts. @throws VALIDATION_ERROR with one detail per complaint */
export function parseWith<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const details: ErrorDetail[] = parsed.error.issues.map((issue) => ({
    path: issue.path.map(String).join("."),
    message: issue.message,
  }));
  const [first] = details;
  const where = first === undefined || first.path === "" ? "the request" : first.path;
  throw new ApiError("VALIDATION_ERROR", `${where}: ${first?.message ?? "is not valid"}`, { details });
}

function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return withRetryAfter(error);
  // Names the variable, never its value; the operator who reads this is the one who can help.
  if (error instanceof SettingsError) return new ApiError("INTERNAL", error.message);
  return new ApiError("INTERNAL", "something went wrong on our side");
}

/** 429 and 503 always say when to come back. */
function withRetryAfter(error: ApiError): ApiError {
  const isMissing = error.retryAfter === undefined && (error.status === 429 || error.status === 503);
  if (!isMissing) return error;
  return new ApiError(error.code, error.message, { details: error.details, retryAfter: 1, cause: error.cause });
}
