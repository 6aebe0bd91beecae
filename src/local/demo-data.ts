import type { DemoWorkspace } from "./demo-workspace.ts";
import { StackError } from "./errors.ts";

const USERS = [
  { external_id: "demo-ayu", name: "Ayu" },
  { external_id: "demo-bima", name: "Bima" },
] as const;

/**
 * Users and channels of the demo workspace, made over the public API as a customer would. Every request is safe to
 * repeat, so this runs at each start.
 */
export async function ensureDemoData(baseUrl: string, workspace: DemoWorkspace): Promise<void> {
  const post = async (path: string, body: unknown): Promise<void> => {
    const response = await fetch(`${baseUrl}${path}`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${workspace.apiKey}:${workspace.apiSecret}`,
        "Content-Type": "application/json",
      },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok)
      throw new StackError(`The demo could not be set up: POST ${path} answered ${response.status} ${text}`);
  };
  for (const user of USERS) await post("/v1/users", user);
  const members = USERS.map((user) => user.external_id);
  await post("/v1/channels", { type: "direct", member_external_ids: members });
  await post("/v1/channels", {
    type: "group",
    external_id: "demo-lobby",
    name: "Lobby",
    member_external_ids: members,
    created_by: members[0],
  });
}
