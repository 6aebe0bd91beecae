import { deleteUserQuerySchema, erasureSchema } from "../protocol/erasure.ts";
import { pageQuerySchema } from "../protocol/primitives.ts";
import { authTokenBodySchema, issueTokenBodySchema, tokenSchema } from "../protocol/token.ts";
import { upsertUserBodySchema, userListSchema, userSchema } from "../protocol/user.ts";
import { erase } from "../services/erasure.ts";
import * as users from "../services/users.ts";
import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";
import { idParams } from "./params.ts";

const tag = "Users";

export function registerUsers(api: Api): void {
  for (const method of ["post", "put"] as const) {
    endpoint(
      api,
      {
        method,
        path: "/v1/users",
        summary: "Create or update a user by external id",
        tag,
        auth: "K",
        body: upsertUserBodySchema,
        responses: {
          200: { description: "Updated, or as it was", schema: userSchema },
          201: { description: "Created", schema: userSchema },
        },
      },
      async ({ body, c }, context) => {
        const { user, isNew } = await users.upsert(context, body);
        return c.json(user, isNew ? 201 : 200);
      },
    );
  }

  endpoint(
    api,
    {
      method: "get",
      path: "/v1/users",
      summary: "List users in order of creation",
      tag,
      auth: "K",
      query: pageQuerySchema,
      responses: { 200: { description: "A page", schema: userListSchema } },
    },
    async ({ query, c }, context) => c.json(await users.list(context, query.limit, query.cursor)),
  );

  endpoint(
    api,
    {
      method: "get",
      path: "/v1/users/{id}",
      summary: "Get a user",
      tag,
      auth: "K",
      params: idParams,
      responses: { 200: { description: "The user", schema: userSchema } },
      errors: ["NOT_FOUND"],
    },
    async ({ params, c }, context) => c.json(await users.get(context, params.id)),
  );

  endpoint(
    api,
    {
      method: "delete",
      path: "/v1/users/{id}",
      summary:
        "Delete a user and its memberships, and close its sockets; its messages stay, or everything of it is erased",
      tag,
      auth: "K",
      params: idParams,
      query: deleteUserQuerySchema,
      responses: {
        200: { description: "Erased", schema: erasureSchema },
        202: {
          description: "Deleted; the rest is being erased, and the same call tells how far it is",
          schema: erasureSchema,
        },
        204: { description: "Deleted; its messages stay" },
      },
      errors: ["NOT_FOUND"],
    },
    async ({ params, query, c }, context) => {
      if (query.messages === "erase") {
        const erasure = await erase(context, params.id);
        return c.json(erasure, erasure.state === "done" ? 200 : 202);
      }
      await users.remove(context, params.id);
      return c.body(null, 204);
    },
  );
}

export function registerTokens(api: Api): void {
  endpoint(
    api,
    {
      method: "post",
      path: "/v1/users/{id}/tokens",
      summary: "Sign a token for a user",
      tag: "Tokens",
      auth: "K",
      params: idParams,
      body: issueTokenBodySchema,
      bodyOptional: true,
      responses: { 201: { description: "Signed", schema: tokenSchema } },
      errors: ["NOT_FOUND"],
    },
    async ({ params, body, c }, context) => c.json(await users.issueToken(context, params.id, body.ttl_seconds), 201),
  );

  endpoint(
    api,
    {
      method: "post",
      path: "/v1/auth/token",
      summary: "Sign a token for the user named in the body",
      tag: "Tokens",
      auth: "K",
      body: authTokenBodySchema,
      responses: { 200: { description: "Signed", schema: tokenSchema } },
      errors: ["NOT_FOUND"],
    },
    async ({ body, c }, context) => c.json(await users.issueToken(context, body.user_id)),
  );
}
