import { forEachLimited } from "../../run/clock.ts";
import { Tally } from "../measure/delivery-counter.ts";
import type { GroupMember } from "../peer.ts";
import type { Figures, Step } from "../result-schema.ts";
import { closedLoop } from "./closed-loop.ts";
import { Conversation, closeAll, type Group, type Played, settled, type Work, type WorkContext } from "./work.ts";

const IN_FLIGHT = [16, 64] as const;
const GROUP_SIZE = 2;
const DRAIN_MS = 10_000;
const JOINS_AT_ONCE = 8;

/** Messages that are answered when they are stored, from groups of two. */
export const sends: Work = {
  name: "sends",
  seconds: 10,
  describe: ({ members, seconds }) =>
    `durable sends over sockets, ${IN_FLIGHT.join(" and ")} in flight, ${groupsOf(members)} groups of two, ${seconds} s each; until the answer that it is stored`,
  columns: () =>
    IN_FLIGHT.flatMap((count) => [
      { figure: `${nameOf(count)}_per_second`, title: `${count}: /s`, better: "more" as const, main: true as const },
      { figure: `${nameOf(count)}_p50_ms`, title: `${count}: p50 ms`, better: "less" as const },
      { figure: `${nameOf(count)}_p95_ms`, title: `${count}: p95 ms`, better: "less" as const },
    ]),
  play,
};

interface Storing {
  group: Group;
  index: number;
  store: NonNullable<GroupMember["store"]>;
}

async function play(context: WorkContext): Promise<Played | string> {
  const { server, members, signal, log } = context;
  const conversation = new Conversation(server);
  const groups: Group[] = [];
  const join = async (index: number) => {
    if (!signal.aborted) groups.push(await conversation.join(`sends${index}`, GROUP_SIZE));
  };
  await join(0);
  if (groups[0]?.members[0]?.store === undefined) {
    closeAll(groups);
    return "does not answer that a message is stored";
  }
  const rest = Array.from({ length: groupsOf(members) - 1 }, (_, index) => index + 1);
  await forEachLimited(rest, JOINS_AT_ONCE, join);
  const senders = groups.flatMap((group) => group.members.flatMap((member, index) => storing(group, member, index)));
  const tally = new Tally();
  const steps: Step[] = [];
  const problems: string[] = [];
  let figures: Figures = {};
  for (const inFlight of IN_FLIGHT) {
    if (signal.aborted) break;
    const { step, failures } = await closedLoop(context, nameOf(inFlight), inFlight, async (place) => {
      // The one that has not sent for longest: nobody meets a limit of its own.
      const sender = senders[place % senders.length];
      if (sender === undefined) return;
      const { group, index, store } = sender;
      await store(conversation.begin(tally, group, index, performance.now()));
    });
    steps.push(step);
    figures = { ...figures, ...step.figures };
    log(`${step.name}: ${step.figures[`${step.name}_per_second`]} a second`);
    if (failures.length > 0) problems.push(`${failures.length} sends failed: ${failures[0]}`);
  }
  if (!(await settled(tally, DRAIN_MS, signal))) {
    problems.push(`${tally.missing} of ${tally.expected} deliveries did not come`);
  }
  closeAll(groups);
  return { figures, steps, problems: [...problems, ...conversation.problems()] };
}

function storing(group: Group, member: GroupMember, index: number): Storing[] {
  return member.store === undefined ? [] : [{ group, index, store: member.store.bind(member) }];
}

function nameOf(inFlight: number): string {
  return `in_flight_${inFlight}`;
}

function groupsOf(members: number): number {
  return Math.max(1, Math.floor(members / GROUP_SIZE));
}
