declare namespace Cloudflare {
  interface Env {
    WORKSPACE_HUB: DurableObjectNamespace<import("../../durable-objects/workspace-hub.ts").WorkspaceHub>;
  }
  interface GlobalProps {
    mainModule: typeof import("../../src/worker.ts");
    durableNamespaces: "WorkspaceHub";
  }
}
