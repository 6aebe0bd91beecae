import { type Db, openDatabase } from "../data/db.ts";
import { KeyRing } from "../platform/key-ring.ts";
import { ObjectStore } from "../platform/object-store.ts";
import { RateLimiter } from "../platform/rate-limit.ts";
import { type Env, type Settings, settingsOf } from "../platform/settings.ts";
import { Tokens } from "../platform/tokens.ts";

/** Everything that lives as long as the isolate. None of it holds a connection or a promise of one request. */
export interface Parts {
  settings: Settings;
  db: Db;
  tokens: Tokens;
  keys: KeyRing;
  limiter: RateLimiter;
  /** Undefined where no store is configured. */
  store: ObjectStore | undefined;
}

const cache = new WeakMap<Settings, Parts>();

/** The isolate's parts, made at the first request. @throws SettingsError */
export function partsOf(env: Env): Parts {
  const settings = settingsOf(env);
  const known = cache.get(settings);
  if (known !== undefined) return known;
  const parts: Parts = {
    settings,
    db: openDatabase(settings),
    tokens: new Tokens(settings.jwt),
    keys: new KeyRing(),
    limiter: new RateLimiter(settings),
    store: settings.objectStore === undefined ? undefined : new ObjectStore(settings.objectStore),
  };
  cache.set(settings, parts);
  return parts;
}
