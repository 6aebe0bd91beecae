import * as z from "zod";
import { onDemand } from "./on-demand.ts";
import { refSchema, timeSchema } from "./primitives.ts";

/** Subprotocol under which a browser, which cannot set headers, hands over its token. */
export const WS_SUBPROTOCOL_PREFIX = "cariosan.jwt.";

export const issueTokenBodySchema = onDemand(() =>
  z
    .object({
      ttl_seconds: z
        .number()
        .int()
        .min(60)
        .max(30 * 24 * 3600)
        .optional(),
    })
    .meta({ id: "IssueToken" }),
);

export const authTokenBodySchema = onDemand(() => z.object({ user_id: refSchema }).meta({ id: "AuthToken" }));

export const tokenSchema = onDemand(() =>
  z.object({ token: z.string(), expires_at: timeSchema }).meta({ id: "Token" }),
);
export type Token = z.infer<ReturnType<typeof tokenSchema>>;

/** Claims of a user token: subject is the user's internal id, `ws` the workspace's. */
export const tokenClaimsSchema = onDemand(() =>
  z.object({
    iss: z.string(),
    sub: z.uuid(),
    ws: z.uuid(),
    iat: z.number(),
    exp: z.number(),
    jti: z.string(),
  }),
);
export type TokenClaims = z.infer<ReturnType<typeof tokenClaimsSchema>>;
