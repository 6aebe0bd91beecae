import { OpenAPIHono } from "@hono/zod-openapi";
import { respondToError } from "./middleware/errors.ts";
import { commonHeaders, crossOrigin } from "./middleware/headers.ts";
import type { AppEnv } from "./middleware/request.ts";
import { registerAttachments } from "./routes/attachments.ts";
import { registerChannels } from "./routes/channels.ts";
import { registerDemo } from "./routes/demo.ts";
import type { Api } from "./routes/endpoint.ts";
import { registerHealth } from "./routes/health.ts";
import { registerMe } from "./routes/me.ts";
import { registerMembers } from "./routes/members.ts";
import { registerMessageChanges } from "./routes/message-changes.ts";
import { registerMessages } from "./routes/messages.ts";
import { registerNotFound } from "./routes/not-found.ts";
import { registerOpenApi } from "./routes/openapi.ts";
import { registerPins } from "./routes/pins.ts";
import { registerReactions } from "./routes/reactions.ts";
import { registerReceipts } from "./routes/receipts.ts";
import { registerThreads } from "./routes/threads.ts";
import { registerTokens, registerUsers } from "./routes/users.ts";
import { registerWebSocket } from "./routes/ws.ts";

/** The whole HTTP surface. */
export function createApp(): Api {
  const app = new OpenAPIHono<AppEnv>();
  app.onError(respondToError);
  app.use(commonHeaders);
  app.use(crossOrigin);
  registerUsers(app);
  registerTokens(app);
  registerChannels(app);
  registerMembers(app);
  registerMessages(app);
  registerMessageChanges(app);
  registerReactions(app);
  registerPins(app);
  registerThreads(app);
  registerReceipts(app);
  registerMe(app);
  registerAttachments(app);
  registerWebSocket(app);
  registerHealth(app);
  registerDemo(app);
  registerOpenApi(app);
  registerNotFound(app);
  return app;
}
