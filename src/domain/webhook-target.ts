/**
 * Where the server may send requests on a customer's behalf: public http(s) addresses only, so that nobody reaches the
 * insides of a network through it. Ranges are those that IANA's special-purpose registries (RFC 6890) mark as not
 * globally reachable, and multicast.
 *
 * Workers cannot resolve names, so a name is judged by its form and an address by its value; a public name that
 * resolves to a private address is not seen here. On Cloudflare such an address leads nowhere: a Worker's `fetch`
 * leaves from the edge to the public internet.
 */
const V4_BLOCKED: readonly [base: string, bits: number][] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  // Multicast, reserved, broadcast.
  ["224.0.0.0", 3],
];

/** Suffixes of names that mean something only inside a machine or a network (RFC 6761, 6762, 8375, ICANN's `internal`). */
const PRIVATE_SUFFIXES = [
  "localhost",
  "local",
  "localdomain",
  "internal",
  "intranet",
  "lan",
  "home",
  "corp",
  "home.arpa",
];

/**
 * Why a request may not go to this URL, as the end of a sentence ("url …"); undefined where it may.
 *
 * @param allowPrivate true for local development: then only form and scheme count
 */
export function refusalOfTarget(text: string, allowPrivate: boolean): string | undefined {
  if (!URL.canParse(text)) return "is not a URL";
  // The parser turns every spelling of an IPv4 address (decimal, octal, hex, short) into four decimal parts.
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") return "must be an http or https URL";
  if (url.username !== "" || url.password !== "") return "must not contain credentials";
  if (url.hostname === "") return "has no host";
  if (allowPrivate) return undefined;
  return isPublicHost(url.hostname) ? undefined : "must not lead to a private, loopback or link-local address";
}

function isPublicHost(hostname: string): boolean {
  if (hostname.startsWith("[")) return isPublicV6(hostname.slice(1, -1));
  const name = hostname.toLowerCase().replace(/\.+$/, "");
  const v4 = parseV4(name);
  if (v4 !== undefined) return isPublicV4(v4);
  if (!name.includes(".")) return false;
  return !PRIVATE_SUFFIXES.some((suffix) => name.endsWith(`.${suffix}`));
}

function isPublicV4(address: number): boolean {
  return !V4_BLOCKED.some(([base, bits]) => {
    const shift = 2 ** (32 - bits);
    return Math.floor(address / shift) === Math.floor((parseV4(base) ?? 0) / shift);
  });
}

/** Global unicast is 2000::/3; in it, Teredo and the other protocol assignments, documentation and 6to4 are not. */
function isPublicV6(text: string): boolean {
  const groups = parseV6(text);
  if (groups === undefined) return false;
  const [first = 0, second = 0] = groups;
  if (first >> 13 !== 1) return false;
  if (first === 0x2001 && (second < 0x200 || second === 0xdb8)) return false;
  return first !== 0x2002 && !(first === 0x3fff && second < 0x1000);
}

function parseV4(text: string): number | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  return text.split(".").reduce((value, part) => value * 256 + Number(part), 0);
}

/** The eight groups of an address as the URL parser writes it: hexadecimal only, at most one `::`. */
function parseV6(text: string): number[] | undefined {
  const [head = "", tail] = text.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16)));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const missing = 8 - before.length - after.length;
  if (missing < 0 || (tail === undefined && missing !== 0)) return undefined;
  return [...before, ...Array.from({ length: missing }, () => 0), ...after];
}
