import { seededRandom } from "../../run/random.ts";
import type { HistoryReader } from "../peer.ts";
import { closedLoop } from "./closed-loop.ts";
import { CONTENT_BYTES, type Played, type Work, type WorkContext } from "./work.ts";

const PAGE = 50;
const IN_FLIGHT = 16;
const SEED = 20;
/** Times that every page is read before those that count: whoever keeps copies of what is read has them then. */
const PASSES = 3;

/** Pages at random places of a long channel: first as it was left by filling it, then after all of it has been read. */
export const history: Work = {
  name: "history",
  seconds: 10,
  describe: ({ messages, seconds }) =>
    `pages of ${PAGE} at random places of a channel of ${messages} messages, ${IN_FLIGHT} at a time, ${seconds} s unread and ${seconds} s once all of it was read ${PASSES} times`,
  columns: () => [
    { figure: "pages_per_second", title: "pages/s", better: "more", main: true },
    { figure: "pages_p50_ms", title: "p50 ms", better: "less" },
    { figure: "pages_p95_ms", title: "p95 ms", better: "less" },
    { figure: "pages_p99_ms", title: "p99 ms", better: "less" },
    { figure: "unread_per_second", title: "unread/s", better: "more" },
    { figure: "unread_p50_ms", title: "p50 ms", better: "less" },
    { figure: "unread_p95_ms", title: "p95 ms", better: "less" },
  ],
  play,
};

async function play(context: WorkContext): Promise<Played | string> {
  const { server, messages, signal, log } = context;
  if (server.history === undefined) return "keeps no history";
  log(`making a channel of ${messages} messages`);
  await server.history.fill(messages, CONTENT_BYTES);
  const readers: HistoryReader[] = [];
  for (let index = 0; index < IN_FLIGHT; index++) readers.push(await server.history.openReader());
  const random = seededRandom(SEED);
  // No page ends so near to the oldest message that it could not be full.
  const first = Math.min(1, (PAGE + 1) / messages);
  let short = 0;
  const read = async (place: number, hand: number) => {
    const came = await readers[hand]?.page(place, PAGE);
    if (came !== PAGE) short += 1;
  };
  const readRandomly = (_: number, hand: number) => read(first + random() * (1 - first), hand);

  const unread = await closedLoop(context, "unread", IN_FLIGHT, readRandomly);
  const places = Array.from({ length: Math.floor(messages / PAGE) - 1 }, (_, index) => ((index + 2) * PAGE) / messages);
  for (let pass = 0; pass < PASSES; pass++) {
    const rest = [...places];
    const hand = async (index: number) => {
      for (let place = rest.pop(); place !== undefined && !signal.aborted; place = rest.pop()) await read(place, index);
    };
    await Promise.all(readers.map((_, index) => hand(index)));
  }
  const again = await closedLoop(context, "pages", IN_FLIGHT, readRandomly);
  for (const reader of readers) reader.close();

  const steps = [unread.step, again.step];
  const figures = { ...unread.step.figures, ...again.step.figures };
  const failures = [...unread.failures, ...again.failures];
  log(
    `${figures.pages_per_second} pages a second, p95 ${figures.pages_p95_ms ?? "-"} ms; ${figures.unread_per_second} unread`,
  );
  return {
    figures,
    steps,
    problems: [
      ...(failures.length === 0 ? [] : [`${failures.length} readers failed: ${failures[0]}`]),
      ...(short === 0 ? [] : [`${short} pages were not of ${PAGE}`]),
    ],
  };
}
