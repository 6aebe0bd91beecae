import { ApiError } from "../domain/api-error.ts";
import { isAllowedOrigin } from "../domain/origin.ts";
import { authenticateToken } from "../middleware/authenticate.ts";
import { outlive } from "../middleware/request.ts";
import { HubClient } from "../platform/hub-client.ts";
import { WS_SUBPROTOCOL_PREFIX } from "../protocol/token.ts";
import { partsOf } from "../services/parts.ts";
import type { Api } from "./api.ts";
import { describeErrors } from "./openapi.ts";

/** The upgrade. The Worker checks who it is; the workspace's hub accepts the socket, so that it can hibernate. */
export function registerWebSocket(api: Api): void {
  api.descriptions.push(() => ({
    method: "get",
    path: "/v1/ws",
    summary: "Open a WebSocket; the token comes as subprotocol `cariosan.jwt.<token>`",
    tags: ["WebSocket"],
    responses: {
      101: { description: "Switching protocols; the subprotocol is echoed" },
      426: { description: "Not an upgrade" },
      ...describeErrors(["UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED", "UPSTREAM_UNAVAILABLE"]),
    },
  }));

  api.get("/v1/ws", async (c) => {
    if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
      throw new ApiError("VALIDATION_ERROR", "this address takes WebSocket upgrades only", { status: 426 });
    }
    const parts = partsOf(c.env);
    const protocol = tokenProtocolOf(c.req.header("sec-websocket-protocol"));
    const claims = await authenticateToken(c, parts, protocol?.slice(WS_SUBPROTOCOL_PREFIX.length));
    if (!isAllowedOrigin(c.req.header("origin"), c.req.url, parts.settings.allowedOrigins)) {
      throw new ApiError("FORBIDDEN", "this origin is not allowed");
    }
    const count = parts.limiter.admit("user", claims.sub);
    try {
      const { status, webSocket } = await new HubClient(c.env.WORKSPACE_HUB, claims.ws).openSocket({
        userId: claims.sub,
        workspaceId: claims.ws,
        tokenExpiresAt: claims.exp,
        acceptsBatches: c.req.query("batch") === "1",
      });
      if (status === 101) return new Response(null, { status, webSocket, headers: acceptedProtocol(protocol) });
    } finally {
      if (count !== undefined) outlive(c, count());
    }
    throw new ApiError("UPSTREAM_UNAVAILABLE", "the workspace takes no more connections; try again", {
      retryAfter: 10,
    });
  });
}

/** The one of the offered subprotocols that holds the token. */
function tokenProtocolOf(subprotocols: string | undefined): string | undefined {
  return subprotocols
    ?.split(",")
    .map((name) => name.trim())
    .find((name) => name.startsWith(WS_SUBPROTOCOL_PREFIX));
}

/** A browser refuses an upgrade that does not name exactly one of the subprotocols that it offered. */
function acceptedProtocol(protocol: string | undefined): Record<string, string> {
  return protocol === undefined ? {} : { "sec-websocket-protocol": protocol };
}
