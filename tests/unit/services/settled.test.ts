import { describe, expect, it } from "vitest";
import type { WorkspaceCaller } from "../../../src/domain/access.ts";
import { UpstreamUnavailable } from "../../../src/domain/api-error.ts";
import { historyCursor } from "../../../src/domain/page-cursor.ts";
import type { ServiceContext } from "../../../src/services/context.ts";
import * as history from "../../../src/services/history.ts";
import * as members from "../../../src/services/members.ts";
import * as audit from "../../../src/services/moderation-audit.ts";
import * as pins from "../../../src/services/pins.ts";
import { search } from "../../../src/services/search.ts";
import * as threads from "../../../src/services/threads.ts";

const ID = "00000000-0000-4000-8000-000000000001";

/** The archive has failed lately, and Postgres is slow to answer: what it lacks must not be left out in silence. */
const context = {
  caller: { kind: "workspace", workspaceId: ID, role: "secret" },
  db: { execute: () => new Promise(() => {}), batch: () => new Promise(() => {}) },
  hub: { settled: async () => ({ archived: false, lastSeq: 9, changed: { epoch: "e1", seq: 90 } }) },
} as unknown as ServiceContext<WorkspaceCaller>;

const words = { q: "word", language: "simple", limit: 10 } as Parameters<typeof search>[1];

describe("[HIST-12] while the archive does not get there, these are refused:", () => {
  const reads: Record<string, () => Promise<unknown>> = {
    "a page after a message": () => history.page(context, ID, { limit: 10, after: historyCursor.encode([1]) }),
    "a window around a message": () => history.page(context, ID, { limit: 10, around: ID }),
    "one message": () => history.message(context, ID, ID),
    "a thread": () => threads.list(context, ID, ID, { limit: 10 }),
    pins: () => pins.list(context, ID, 10, undefined),
    members: () => members.list(context, ID, 10, undefined),
    "the audit log": () => audit.list(context, 10, undefined),
    search: () => search(context, words, ID),
  };
  for (const [name, read] of Object.entries(reads)) {
    it(name, async () => {
      await expect(read()).rejects.toBeInstanceOf(UpstreamUnavailable);
    });
  }
});
