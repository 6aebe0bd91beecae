import type { DemoWorkspace } from "./demo-workspace.ts";
import type { Stack } from "./stack.ts";

export interface StartedStack {
  stack: Stack;
  demo: DemoWorkspace;
  devFile: string;
  /** True where the pages are served. */
  web: boolean;
  seconds: number;
}

/** What `npm start` prints when everything is up. */
export function startBanner({ stack, demo, devFile, web, seconds }: StartedStack): string {
  const key = `${demo.apiKey}:${demo.apiSecret}`;
  const pages = web
    ? `  Demo chat  ${stack.baseUrl}/\n  API docs   ${stack.baseUrl}/docs`
    : `  API        ${stack.baseUrl}/v1`;
  return `
Kabar is ready after ${seconds.toFixed(1)} s.

${pages}
  Postgres   ${stack.databaseUrl}

  Workspace  ${demo.workspaceId}
  API key    ${demo.apiKey}
  API secret ${demo.apiSecret}
  (all of it in ${devFile})

Send a message as Ayu to the lobby:

  curl -s ${stack.baseUrl}/v1/channels/demo-lobby/messages \\
    -H 'Authorization: Bearer ${key}' \\
    -H 'Content-Type: application/json' \\
    -d '{"user_id":"demo-ayu","content":"Halo!"}'

Stop with Ctrl-C; the data stays.
`;
}
