import { workspaceSchema } from "../protocol/workspace.ts";
import { updateWorkspaceBodySchema, workspaceStatsSchema } from "../protocol/workspace-update.ts";
import * as workspace from "../services/workspace.ts";
import type { Api } from "./api.ts";
import { endpoint } from "./endpoint.ts";

const tag = "Workspace";

export function registerWorkspace(api: Api): void {
  endpoint(
    api,
    {
      method: "get",
      path: "/v1/workspace",
      summary: "The workspace with its settings",
      tag,
      auth: "K",
      responses: { 200: { description: "The workspace", schema: workspaceSchema } },
      errors: ["NOT_FOUND"],
    },
    async ({ c }, context) => c.json(await workspace.get(context)),
  );

  endpoint(
    api,
    {
      method: "patch",
      path: "/v1/workspace",
      summary: "Change settings; what is not given stays as it is",
      tag,
      auth: "K",
      body: updateWorkspaceBodySchema,
      responses: { 200: { description: "The workspace", schema: workspaceSchema } },
      errors: ["NOT_FOUND"],
    },
    async ({ body, c }, context) => c.json(await workspace.update(context, body)),
  );

  endpoint(
    api,
    {
      method: "get",
      path: "/v1/workspace/stats",
      summary: "Live figures and counts",
      tag,
      auth: "K",
      responses: { 200: { description: "The figures", schema: workspaceStatsSchema } },
    },
    async ({ c }, context) => c.json(await workspace.stats(context)),
  );
}
