import { seededRandom } from "../../run/random.ts";
import type { HistoryReader } from "../peer.ts";
import { closedLoop } from "./closed-loop.ts";
import { CONTENT_BYTES, type Played, type Work, type WorkContext } from "./work.ts";

const PAGE = 50;
const IN_FLIGHT = 16;
const SEED = 20;

/** Pages at random places of a long channel. */
export const history: Work = {
  name: "history",
  seconds: 10,
  describe: ({ messages, seconds }) =>
    `pages of ${PAGE} at random places of a channel of ${messages} messages, ${IN_FLIGHT} at a time, ${seconds} s`,
  columns: () => [
    { figure: "pages_per_second", title: "pages/s", better: "more", main: true },
    { figure: "pages_p50_ms", title: "p50 ms", better: "less" },
    { figure: "pages_p95_ms", title: "p95 ms", better: "less" },
    { figure: "pages_p99_ms", title: "p99 ms", better: "less" },
  ],
  play,
};

async function play(context: WorkContext): Promise<Played | string> {
  const { server, messages, log } = context;
  if (server.history === undefined) return "keeps no history";
  log(`making a channel of ${messages} messages`);
  await server.history.fill(messages, CONTENT_BYTES);
  const readers: HistoryReader[] = [];
  for (let index = 0; index < IN_FLIGHT; index++) readers.push(await server.history.openReader());
  const random = seededRandom(SEED);
  // No page ends so near to the oldest message that it could not be full.
  const first = Math.min(1, (PAGE + 1) / messages);
  let short = 0;
  const { step, failures } = await closedLoop(context, "pages", IN_FLIGHT, async (_, hand) => {
    const came = await readers[hand]?.page(first + random() * (1 - first), PAGE);
    if (came !== PAGE) short += 1;
  });
  for (const reader of readers) reader.close();
  const { figures } = step;
  log(`${figures.pages_per_second} pages a second, p95 ${figures.pages_p95_ms ?? "-"} ms`);
  return {
    figures,
    steps: [step],
    problems: [
      ...(failures.length === 0 ? [] : [`${failures.length} readers failed: ${failures[0]}`]),
      ...(short === 0 ? [] : [`${short} pages were not of ${PAGE}`]),
    ],
  };
}
