import type * as z from "zod";

/**
 * A schema that is put together when it is first asked for, and from then on the same one. All at once they were two fifths of the Worker's
 * start, and a request, or a hub that wakes, needs few of them.
 */
export function onDemand<Schema extends z.ZodType>(make: () => Schema): () => Schema {
  let made: Schema | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
