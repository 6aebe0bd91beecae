import { UsageError } from "../errors.ts";
import { createBare } from "./bare/peer.ts";
import { createBarePostgres } from "./bare-postgres/peer.ts";
import { createEjabberd, createEjabberdSql } from "./ejabberd/peer.ts";
import { createKabar, createKabarAlone, createKabarBatch } from "./kabar/peer.ts";
import { createMosquitto } from "./mosquitto/peer.ts";
import type { Peer } from "./peer.ts";
import type { WorkName } from "./result-schema.ts";
import { createSocketIo } from "./socketio/peer.ts";
import { fanout } from "./works/fanout.ts";
import { history } from "./works/history.ts";
import { memory } from "./works/memory.ts";
import { sends } from "./works/sends.ts";
import { steady } from "./works/steady.ts";
import type { Work } from "./works/work.ts";
import { createWs } from "./ws/peer.ts";

/** All servers that take part, the limit line first. */
export function allPeers(): Peer[] {
  return [
    createBare("bare"),
    createBare("bare-wire"),
    createBare("bare-batch"),
    createBare("bare-durable"),
    createBare("bare-durable-wire"),
    createBare("bare-group-commit"),
    createBarePostgres(),
    createKabar(),
    createKabarBatch(),
    createKabarAlone(),
    createWs(),
    createSocketIo(),
    createEjabberd(),
    createEjabberdSql(),
    createMosquitto(),
  ];
}

const works: readonly Work[] = [fanout, steady, sends, history, memory];

/** Names of the works that there are. */
export function workNames(): WorkName[] {
  return works.map(({ name }) => name);
}

/**
 * The works of these names, in the order of asking.
 *
 * @throws UsageError for a name that is none
 */
export function worksOf(names: readonly string[]): Work[] {
  return names.map((name) => named(works, name, "work"));
}

/**
 * The servers of these names, in their usual order; all of them where none is named.
 *
 * @throws UsageError for a name that is none
 */
export function peersOf(names: readonly string[], peers: readonly Peer[] = allPeers()): Peer[] {
  if (names.length === 0) return [...peers];
  const wanted = names.map((name) => named(peers, name, "server"));
  return peers.filter((peer) => wanted.includes(peer));
}

function named<Item extends { name: string }>(items: readonly Item[], name: string, what: string): Item {
  const found = items.find((item) => item.name === name);
  if (found !== undefined) return found;
  throw new UsageError(`There is no ${what} "${name}": there are ${items.map((item) => item.name).join(", ")}.`);
}
