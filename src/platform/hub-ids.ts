/** What gives names to objects: the part of a Durable Object namespace that makes ids. */
interface Naming {
  idFromName(name: string): unknown;
}

/** Names of which an isolate keeps the ids. */
const REMEMBERED = 1_000;

const known = new WeakMap<Naming, Map<string, unknown>>();

/** The id of the object with a name. Making one hashes the name, on each request of a workspace, so ids of those in use are kept. */
export function hubIdOf(namespace: Naming, name: string): unknown {
  const ids = known.get(namespace) ?? new Map<string, unknown>();
  known.set(namespace, ids);
  const id = ids.get(name) ?? namespace.idFromName(name);
  if (ids.size >= REMEMBERED && !ids.has(name)) ids.clear();
  ids.set(name, id);
  return id;
}
