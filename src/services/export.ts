import { type ExportPage, type ExportPlace, exportUser, exportWorkspace, lineOf } from "../data/export.ts";
import { findPerson } from "../data/person.ts";
import type { WorkspaceCaller } from "../domain/access.ts";
import { notFound, UpstreamUnavailable } from "../domain/api-error.ts";
import { exportUserCursor, exportWorkspaceCursor, type PageCursor } from "../domain/page-cursor.ts";
import type { ServiceContext } from "./context.ts";

type Context = ServiceContext<WorkspaceCaller>;

/** Pages of one answer: each is a call of the database, of which a Worker may make so many per request. */
const PAGES_PER_ANSWER = 400;

/** Everything of the workspace that was acknowledged before the call, as NDJSON. */
export async function ofWorkspace(context: Context, cursor: string | undefined): Promise<ReadableStream<Uint8Array>> {
  const place = start(exportWorkspaceCursor, cursor);
  await requireSettled(context);
  return stream(exportWorkspace(context.db, context.caller.workspaceId), place, exportWorkspaceCursor);
}

/** Everything of a user that was acknowledged before the call, as NDJSON. @throws NOT_FOUND */
export async function ofUser(
  context: Context,
  ref: string,
  cursor: string | undefined,
): Promise<ReadableStream<Uint8Array>> {
  const place = start(exportUserCursor, cursor);
  const { workspaceId } = context.caller;
  await requireSettled(context);
  const person = await findPerson(context.db, workspaceId, ref);
  if (person === undefined) throw notFound("user");
  return stream(exportUser(context.db, workspaceId, person.id), place, exportUserCursor);
}

function start(cursors: PageCursor<ExportPlace>, cursor: string | undefined): ExportPlace {
  return cursor === undefined ? [0] : cursors.decode(cursor, "cursor");
}

async function requireSettled({ hub }: Context): Promise<void> {
  const { archived } = await hub.settled({ workspace: true });
  if (!archived) throw new UpstreamUnavailable("the archive");
}

/**
 * Reads a page when the client has taken the one before, so that memory does not grow with the export. A failure on the
 * way breaks the answer off, without its `end` line.
 */
function stream(
  read: (place: ExportPlace) => Promise<ExportPage>,
  from: ExportPlace,
  cursors: PageCursor<ExportPlace>,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let place: ExportPlace | undefined = from;
  let pages = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (place === undefined || pages >= PAGES_PER_ANSWER) {
          const last = place === undefined ? lineOf("end", {}) : lineOf("more", { cursor: cursors.encode(place) });
          controller.enqueue(encoder.encode(last));
          controller.close();
          return;
        }
        const page: ExportPage = await read(place);
        place = page.next;
        pages++;
        controller.enqueue(encoder.encode(page.ndjson));
      },
    },
    { highWaterMark: 0 },
  );
}
