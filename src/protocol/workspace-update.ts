import * as z from "zod";
import { onDemand } from "./on-demand.ts";
import { nameSchema } from "./primitives.ts";
import { type WorkspaceSettings, workspaceSettingsSchema } from "./workspace.ts";

/** Every setting may be left out, and within `moderation` every part. What can be null is given as a whole. */
export type SettingsPatch = {
  [Name in keyof WorkspaceSettings]?: Exclude<WorkspaceSettings[Name], null> extends infer Value
    ? null extends WorkspaceSettings[Name]
      ? WorkspaceSettings[Name]
      : Value extends readonly unknown[] | string | number | boolean
        ? Value
        : Parts<Value>
    : never;
};
type Parts<Value> = {
  [Name in keyof Value]?: Value[Name] extends readonly unknown[] ? Value[Name] : Partial<Value[Name]>;
};

/** The same fields, none of them required and without defaults: what is not given stays as it is. Unknown names are refused. */
function patchOf(schema: z.ZodObject): z.ZodObject {
  const parts = Object.entries(schema.shape).map(([name, field]) => {
    let inner: unknown = field;
    while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) inner = inner.unwrap();
    const part = inner instanceof z.ZodObject ? patchOf(inner) : (inner as z.ZodType);
    return [name, part.optional()] as const;
  });
  return z.strictObject(Object.fromEntries(parts));
}

/** Built from `workspaceSettingsSchema`, so that a new setting can be changed as soon as it exists. */
export const settingsPatchSchema = onDemand(
  () =>
    patchOf(workspaceSettingsSchema()).meta({
      id: "WorkspaceSettingsPatch",
    }) as z.ZodType as z.ZodType<SettingsPatch>,
);

export const updateWorkspaceBodySchema = onDemand(() =>
  z
    .strictObject({ name: nameSchema.optional(), settings: settingsPatchSchema().optional() })
    .meta({ id: "UpdateWorkspace" }),
);
export type UpdateWorkspaceBody = z.infer<ReturnType<typeof updateWorkspaceBodySchema>>;

const count = z.number().int();

export const workspaceStatsSchema = onDemand(() =>
  z
    .object({
      users: count,
      channels: count.describe("Not deleted"),
      messages: count.describe("Ever sent in these channels, unsent ones included"),
      live: z.object({
        connections: count,
        users_online: count.describe("Users with a connection"),
        messages_today: count.describe("Since midnight UTC, as far as the journal reaches back"),
      }),
      archive: z.object({
        head: count.describe("Events of the journal so far"),
        archived: count.describe("Of these in Postgres"),
        lag: count,
        parked: count.describe("Events that Postgres refused for good"),
      }),
    })
    .meta({ id: "WorkspaceStats" }),
);
export type WorkspaceStats = z.infer<ReturnType<typeof workspaceStatsSchema>>;
