import { descriptorLimit, requireRoom } from "../measure/descriptors.ts";
import type { Outcome } from "../outcome-schema.ts";
import type { Play } from "../play-schema.ts";
import { playConnections } from "../plays/connections.ts";
import { playFanout } from "../plays/fanout.ts";
import { playHistory } from "../plays/history.ts";
import { playReconnectStorm } from "../plays/reconnect-storm.ts";
import { playSends } from "../plays/sends.ts";
import { playSoak, playSteady } from "../plays/steady.ts";
import type { Scenario } from "../scenario.ts";
import type { Summary } from "../summary.ts";
import type { LoadTarget } from "../target.ts";
import { Bench, type RunOptions } from "./bench.ts";

/** Plays one scenario against a target: set up, open, measure, wait for the rest, close. */
export async function play(scenario: Scenario, target: LoadTarget, options: RunOptions = {}): Promise<Summary> {
  // This one finds out by itself how many there is room for.
  if (scenario.play.kind !== "connections") {
    const { serverPid } = target;
    requireRoom(scenario.sockets, descriptorLimit("self"), serverPid && descriptorLimit(serverPid));
  }
  const bench = new Bench(scenario, target, options);
  try {
    await bench.begin();
    return bench.summary(await playIt(bench, scenario.play));
  } finally {
    await bench.end();
  }
}

function playIt(bench: Bench, play: Play): Promise<Outcome> {
  switch (play.kind) {
    case "steady":
      return playSteady(bench);
    case "soak":
      return playSoak(bench, play);
    case "connections":
      return playConnections(bench, play);
    case "fanout":
      return playFanout(bench, play);
    case "reconnect-storm":
      return playReconnectStorm(bench, play);
    case "sends":
      return playSends(bench, play);
    case "history":
      return playHistory(bench, play);
  }
}
