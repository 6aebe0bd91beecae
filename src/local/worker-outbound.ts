/**
 * The way from the Worker to the local doors, inside workerd. miniflare leads each `fetch` through a Worker of its own that takes
 * the request and the whole answer apart; a binding leads straight to the door, as production has nothing in between either.
 */
interface Door {
  fetch(url: string, init?: RequestInit): Promise<Response>;
}

const ON_LOOPBACK = /^http:\/\/127\.0\.0\.1:(\d+)(?:\/|$)/;

/** Name of the binding to the door at a URL; undefined where the URL is none of this machine. */
export function doorBinding(url: string): string | undefined {
  const port = ON_LOOPBACK.exec(url)?.[1];
  return port === undefined ? undefined : `KABAR_DOOR_${port}`;
}

/** A `fetch` that goes through the bindings that `env` has, and for everything else by the given one. */
export function fetchThroughDoors(env: Record<string, unknown>, otherwise: typeof fetch): typeof fetch {
  return (input: Parameters<typeof fetch>[0], init?: RequestInit) => {
    const name = typeof input === "string" ? doorBinding(input) : undefined;
    const door = name === undefined ? undefined : env[name];
    return typeof input === "string" && isDoor(door) ? door.fetch(input, init) : otherwise(input, init);
  };
}

function isDoor(binding: unknown): binding is Door {
  return typeof binding === "object" && binding !== null && "fetch" in binding;
}
