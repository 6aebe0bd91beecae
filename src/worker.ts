import { createApp } from "./app.ts";

export { WorkspaceHub } from "../durable-objects/workspace-hub.ts";

export default createApp();
