import * as z from "zod";
import { onDemand } from "./on-demand.ts";

/**
 * Every error code the API can answer with: its HTTP status, and whether the same request may succeed later
 * unchanged (`retry`). The table is closed: a code that is not here cannot be sent.
 */
export const ERRORS = {
  VALIDATION_ERROR: { status: 400, retry: false },
  UNAUTHORIZED: { status: 401, retry: false },
  FORBIDDEN: { status: 403, retry: false },
  NOT_A_MEMBER: { status: 403, retry: false },
  NOT_AUTHOR: { status: 403, retry: false },
  MUTED: { status: 403, retry: false },
  NOT_FOUND: { status: 404, retry: false },
  CONFLICT: { status: 409, retry: false },
  MESSAGE_TOO_LARGE: { status: 413, retry: false },
  EDIT_WINDOW_EXPIRED: { status: 422, retry: false },
  MESSAGE_REJECTED: { status: 422, retry: false },
  RATE_LIMITED: { status: 429, retry: true },
  INTERNAL: { status: 500, retry: true },
  UPSTREAM_UNAVAILABLE: { status: 503, retry: true },
} as const satisfies Record<string, { status: number; retry: boolean }>;

export type ErrorCode = keyof typeof ERRORS;

export const errorCodeSchema = z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]);

/** One complaint about one field; `path` is dotted, empty for the body as a whole. */
export const errorDetailSchema = onDemand(() =>
  z.object({ path: z.string(), message: z.string() }).meta({ id: "ErrorDetail" }),
);
export type ErrorDetail = z.infer<ReturnType<typeof errorDetailSchema>>;

export const errorBodySchema = onDemand(() =>
  z
    .object({
      error: z.object({
        code: errorCodeSchema,
        message: z.string(),
        details: z.array(errorDetailSchema()).optional(),
        request_id: z.string(),
      }),
    })
    .meta({ id: "Error" }),
);
export type ErrorBody = z.infer<ReturnType<typeof errorBodySchema>>;
