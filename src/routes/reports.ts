import {
  auditListSchema,
  reportBodySchema,
  reportListSchema,
  reportQuerySchema,
  reportReceiptSchema,
  reportSchema,
  reviewBodySchema,
} from "../protocol/moderation.ts";
import { pageQuerySchema } from "../protocol/primitives.ts";
import * as audit from "../services/moderation-audit.ts";
import * as reports from "../services/reports.ts";
import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";
import { messageParams, uuidParams } from "./params.ts";

const tag = "Moderation";

export function registerReports(api: Api): void {
  endpoint(
    api,
    {
      method: "post",
      path: "/v1/channels/{id}/messages/{mid}/report",
      summary: "Report a message to the workspace, once per user and message",
      tag,
      auth: "U",
      params: messageParams,
      body: reportBodySchema,
      responses: {
        200: { description: "Reported before: the first report", schema: reportReceiptSchema },
        201: { description: "Reported", schema: reportReceiptSchema },
      },
      errors: ["NOT_FOUND", "NOT_A_MEMBER"],
    },
    async ({ params, body, c }, context) => {
      const { receipt, isNew } = await reports.file(context, params.id, params.mid, body);
      return c.json(receipt, isNew ? 201 : 200);
    },
  );

  endpoint(
    api,
    {
      method: "get",
      path: "/v1/moderation/reports",
      summary: "Reports, newest first",
      tag,
      auth: "K",
      query: reportQuerySchema,
      responses: { 200: { description: "A page", schema: reportListSchema } },
    },
    async ({ query, c }, context) => c.json(await reports.list(context, query.status, query.limit, query.cursor)),
  );

  endpoint(
    api,
    {
      method: "patch",
      path: "/v1/moderation/reports/{id}",
      summary: "Set a report's status",
      tag,
      auth: "K",
      params: uuidParams,
      body: reviewBodySchema,
      responses: { 200: { description: "The report", schema: reportSchema } },
      errors: ["NOT_FOUND"],
    },
    async ({ params, body, c }, context) => c.json(await reports.review(context, params.id, body)),
  );

  endpoint(
    api,
    {
      method: "get",
      path: "/v1/moderation/audit",
      summary: "Acts of moderation, newest first",
      tag,
      auth: "K",
      query: pageQuerySchema,
      responses: { 200: { description: "A page", schema: auditListSchema } },
    },
    async ({ query, c }, context) => c.json(await audit.list(context, query.limit, query.cursor)),
  );
}
