import { EMOJI, ENGLISH, INDONESIAN, NAMES, OTHERS } from "./phrases.ts";

export interface ConversationOptions {
  /** The same seed makes the same conversations. */
  seed: number;
  messages: number;
  people?: number;
  groups?: number;
  pairs?: number;
  /** The address that attachments begin with. */
  filesUrl?: string;
}

/** A file of an import, line by line, in the very form in which an export writes it. */
export interface Conversation {
  lines: string[];
  /** Id of the group that holds about a third of all messages. */
  deepChannelId: string;
  /** How many of the lines are messages, and reactions. */
  messages: number;
  reactions: number;
}

interface Spoken {
  id: string;
  author: string;
  isReply: boolean;
  isGone: boolean;
}

interface Room {
  id: string;
  type: "direct" | "group";
  people: Person[];
  seq: number;
  /** Unix milliseconds of its newest message. */
  at: number;
  recent: Spoken[];
  /** Who is talking at the moment, and how many messages are left of it. */
  burst: { people: Person[]; left: number };
}

interface Person {
  id: string;
  externalId: string;
  name: string;
}

const START = Date.UTC(2023, 0, 2, 7);

/**
 * Conversations as people have them: bursts of a few who answer each other, quiet in between, replies, threads, reactions, mentions,
 * pictures, edits, messages taken back; English and Indonesian, and a tenth in other scripts. Deterministic.
 */
export function conversation(options: ConversationOptions): Conversation {
  const random = generator(options.seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const chance = (share: number) => random() < share;
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item;
  const uuid = (at: number) => uuidAt(at, random);
  const time = (at: number) => new Date(at).toISOString();
  const lines: string[] = [];
  const put = (type: string, data: object) => lines.push(JSON.stringify({ type, data }));

  const people = Array.from({ length: options.people ?? 40 }, (_, n): Person => {
    const person = { id: uuid(START - 1e6 + n), externalId: `person-${n + 1}`, name: `${pick(NAMES)} ${n + 1}` };
    const avatar_url = chance(0.5) ? `https://example.test/avatars/${n}.png` : null;
    const metadata = chance(0.3) ? { "⭐": true, city: "Bandung", level: below(9) } : {};
    const at = time(START - 1e6 + n);
    const { id, externalId: external_id, name } = person;
    put("user", { id, external_id, name, avatar_url, metadata, created_at: at, updated_at: at });
    return person;
  });
  const some = (count: number): Person[] => {
    const from = below(people.length);
    return Array.from({ length: count }, (_, n) => people[(from + n * 3) % people.length] as Person);
  };
  const room = (type: Room["type"], n: number, members: Person[]): Room => {
    const id = uuid(START - 1e5 + n);
    const at = time(START - 1e5 + n);
    const [external_id, name] = type === "group" ? [`group-${n}`, `${pick(ENGLISH).slice(0, 20)} #${n}`] : [null, null];
    const created_by = type === "group" ? (members[0]?.id ?? null) : null;
    put("channel", {
      id,
      external_id,
      type,
      name,
      avatar_url: null,
      created_by,
      created_at: at,
      updated_at: at,
      deleted_at: null,
    });
    return { id, type, people: members, seq: 0, at: START, recent: [], burst: { people: [], left: 0 } };
  };
  const groups = Array.from({ length: options.groups ?? 20 }, (_, n) =>
    room("group", n, [...new Set(some(n === 0 ? 13 : 3 + below(9)))]),
  );
  const pairs = Array.from({ length: options.pairs ?? 12 }, (_, n) => {
    const first = people[n] as Person;
    return room("direct", 1000 + n, [first, people[people.length - 1 - n] as Person]);
  });
  const [deep] = groups as [Room];
  const rooms = [...groups, ...pairs];

  let reactions = 0;
  let current = deep;
  const reacted = new Set<string>();
  for (let n = 0; n < options.messages; n++) {
    // Talk moves from room to room; the deep one gets a third.
    if (current.burst.left === 0) {
      current = chance(0.34) ? deep : pick(rooms);
      current.at += 60_000 * (1 + below(600));
      current.burst = { people: Array.from({ length: 2 + below(3) }, () => pick(current.people)), left: 1 + below(25) };
    }
    current.burst.left--;
    current.at += 500 + below(40_000);
    const author = pick(current.burst.people);
    const spoken: Spoken = { id: uuid(current.at), author: author.id, isReply: false, isGone: chance(0.01) };
    const parent = chance(0.12) && current.recent.length > 0 ? pick(current.recent) : undefined;
    const root =
      parent === undefined && chance(0.05) ? current.recent.find((one) => !one.isReply && !one.isGone) : undefined;
    spoken.isReply = root !== undefined;
    const isPicture = !spoken.isGone && chance(0.03);
    const mentioned = !spoken.isGone && chance(0.06) ? pick(current.people) : undefined;
    const extra = mentioned === undefined ? "" : `@${mentioned.name} `;
    put("message", {
      id: spoken.id,
      channel_id: current.id,
      seq: ++current.seq,
      user_id: chance(0.002) ? null : author.id,
      content: spoken.isGone ? "" : isPicture && chance(0.5) ? "" : extra + text(random),
      type: isPicture ? "image" : "text",
      attachment_url: isPicture ? `${options.filesUrl ?? "https://files.example.test"}/${n}/photo.jpg` : null,
      attachment: isPicture
        ? {
            size: 20_000 + below(3e6),
            width: 640,
            height: 480,
            blurhash: "LEHV6nWB2yk8",
            filename: "photo.jpg",
            content_type: "image/jpeg",
          }
        : null,
      created_at: time(current.at),
      edited_at: !spoken.isGone && chance(0.02) ? time(current.at + 30_000) : null,
      deleted_at: spoken.isGone ? time(current.at + 60_000) : null,
      parent_id: parent?.id ?? null,
      thread_root_id: root?.id ?? null,
      mentions:
        mentioned === undefined
          ? []
          : [{ name: mentioned.name, user_id: mentioned.id, external_id: mentioned.externalId }],
      metadata:
        !spoken.isGone && chance(0.02) ? { v: below(9), tag: pick(EMOJI), nested: { list: [1, "dua", null] } } : {},
      pinned_at: !spoken.isGone && chance(0.001) ? time(current.at + 90_000) : null,
      client_id: chance(0.7) ? `c-${n.toString(36)}` : null,
    });
    current.recent.unshift(spoken);
    current.recent.length = Math.min(current.recent.length, 30);
    if (!chance(0.25)) continue;
    const target = pick(current.recent);
    if (target.isGone) continue;
    for (const user of new Set(Array.from({ length: 1 + below(3) }, () => pick(current.people)))) {
      const pair = `${target.id} ${user.id}`;
      if (!reacted.has(pair)) {
        reacted.add(pair);
        put("reaction", {
          message_id: target.id,
          user_id: user.id,
          emoji: pick(EMOJI),
          created_at: time(current.at + below(9_000)),
        });
        reactions++;
      }
    }
  }
  for (const { id: channel_id, type, people: members, seq, at } of rooms) {
    for (const [place, { id: user_id }] of members.entries()) {
      const read = Math.max(0, seq - below(20));
      put("member", {
        channel_id,
        user_id,
        role: type === "direct" ? null : place === 0 ? "admin" : "member",
        joined_at: time(START - 1e5 + 5_000 + place),
        last_read_seq: read,
        last_read_at: read === 0 ? null : time(at),
        last_delivered_seq: seq,
        last_delivered_at: seq === 0 ? null : time(at),
      });
    }
  }
  return { lines, deepChannelId: deep.id, messages: options.messages, reactions };
}

function text(random: () => number): string {
  const of = (items: readonly string[]) => items[Math.floor(random() * items.length)] ?? "";
  const kind = random();
  const base =
    kind < 0.45 ? of(ENGLISH) : kind < 0.88 ? of(INDONESIAN) : kind < 0.97 ? of(OTHERS) : of(EMOJI).repeat(3);
  const more = random();
  if (more < 0.1) return `${base} ${of(EMOJI)}`;
  if (more < 0.2) return `${base}. ${of(INDONESIAN)} ${Math.floor(random() * 1e6)}`;
  if (more < 0.202) return `${base} `.repeat(60).trim();
  return base;
}

/** Mulberry32: small, fast, the same everywhere. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A UUIDv7 of a time. */
function uuidAt(at: number, random: () => number): string {
  const hex = (digits: number) =>
    Math.floor(random() * 16 ** digits)
      .toString(16)
      .padStart(digits, "0");
  const ms = at.toString(16).padStart(12, "0");
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7${hex(3)}-${(8 + Math.floor(random() * 4)).toString(16)}${hex(3)}-${hex(6)}${hex(6)}`;
}
