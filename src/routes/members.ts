import {
  addedMembersSchema,
  memberIdsBodySchema,
  memberListSchema,
  memberSchema,
  updateMemberBodySchema,
} from "../protocol/member.ts";
import { pageQuerySchema } from "../protocol/primitives.ts";
import * as members from "../services/members.ts";
import type { Api } from "./api.ts";
import { type Endpoint, endpoint } from "./endpoint.ts";
import { idParams, memberParams } from "./params.ts";

const common = {
  tag: "Members",
  auth: "KU",
  errors: ["NOT_FOUND", "NOT_A_MEMBER", "CONFLICT"],
} as const satisfies Partial<Record<keyof Endpoint<"KU", unknown, unknown, unknown>, unknown>>;
const path = "/v1/channels/{id}/members";
const onePath = "/v1/channels/{id}/members/{user_id}";

export function registerMembers(api: Api): void {
  endpoint(
    api,
    {
      ...common,
      errors: ["NOT_FOUND", "NOT_A_MEMBER"],
      method: "get",
      path,
      summary: "List members in order of joining",
      params: idParams,
      query: pageQuerySchema,
      responses: { 200: { description: "A page", schema: memberListSchema } },
    },
    async ({ params, query, c }, context) => c.json(await members.list(context, params.id, query.limit, query.cursor)),
  );

  endpoint(
    api,
    {
      ...common,
      errors: [...common.errors],
      method: "post",
      path,
      summary: "Add users to a group; with a user token only as its admin",
      params: idParams,
      body: memberIdsBodySchema,
      responses: { 200: { description: "The named users' memberships", schema: addedMembersSchema } },
    },
    async ({ params, body, c }, context) => c.json({ members: await members.add(context, params.id, body.user_ids) }),
  );

  endpoint(
    api,
    {
      ...common,
      errors: [...common.errors],
      method: "delete",
      path,
      summary: "Remove users from a group; a plain member may remove itself only",
      params: idParams,
      body: memberIdsBodySchema,
      responses: { 204: { description: "None of them is a member" } },
    },
    async ({ params, body, c }, context) => {
      await members.remove(context, params.id, body.user_ids);
      return c.body(null, 204);
    },
  );

  endpoint(
    api,
    {
      ...common,
      errors: [...common.errors],
      method: "delete",
      path: onePath,
      summary: "Remove one user from a group, or leave it",
      params: memberParams,
      responses: { 204: { description: "The user is no member" } },
    },
    async ({ params, c }, context) => {
      await members.removeOne(context, params.id, params.user_id);
      return c.body(null, 204);
    },
  );

  endpoint(
    api,
    {
      ...common,
      errors: [...common.errors],
      method: "patch",
      path: onePath,
      summary: "Give a member a role; a group keeps at least one admin",
      params: memberParams,
      body: updateMemberBodySchema,
      responses: { 200: { description: "The member", schema: memberSchema } },
    },
    async ({ params, body, c }, context) =>
      c.json(await members.changeRole(context, params.id, params.user_id, body.role)),
  );
}
