const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const shortDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

/** "14:05" */
export function timeOf(iso: string): string {
  return clock.format(new Date(iso));
}

/** "Today", "Yesterday", or the date. */
export function dayOf(iso: string, now = new Date()): string {
  const days = daysBetween(new Date(iso), now);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return day.format(new Date(iso));
}

/** The time of today's, the date of older. */
export function listTimeOf(iso: string, now = new Date()): string {
  return daysBetween(new Date(iso), now) === 0 ? timeOf(iso) : shortDay.format(new Date(iso));
}

/** "just now", "5 min ago", "at 14:05", or the date. */
export function agoOf(iso: string, now = new Date()): string {
  const minutes = Math.floor((now.getTime() - Date.parse(iso)) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  return daysBetween(new Date(iso), now) === 0 ? `at ${timeOf(iso)}` : `on ${shortDay.format(new Date(iso))}`;
}

/** "2.4 MB" */
export function sizeOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} kB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** Up to two initials of a name. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters.map((word) => [...(word ?? "")][0] ?? "").join("");
}

/** "Ani", "Ani and Budi", "Ani, Budi and 2 others". */
export function listOf(names: string[]): string {
  if (names.length <= 2) return names.join(" and ");
  return `${names.slice(0, 2).join(", ")} and ${names.length - 2} other${names.length === 3 ? "" : "s"}`;
}

function daysBetween(then: Date, now: Date): number {
  const start = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  return Math.round((start(now) - start(then)) / 86_400_000);
}
