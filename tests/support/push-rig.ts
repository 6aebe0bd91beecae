import type { PushSender, PushSource } from "../../src/domain/hub-ports.ts";
import type { PushDevice, PushNotification, PushOutcome, PushProfile } from "../../src/domain/push.ts";
import { createRig, FakeRuntime, type RigOptions } from "./hub-rig.ts";

export interface DeliveredPush extends PushNotification {
  token: string;
  at: number;
}

/** Postgres as far as pushes go, and the push services; both do as the test says. */
export class FakePush {
  readonly profiles = new Map<string, PushProfile>();
  readonly attempts: DeliveredPush[] = [];
  readonly loads: string[][] = [];
  readonly dropped: string[] = [];
  /** What services answer; tokens are `lane/name`. */
  answer: (token: string) => PushOutcome | Promise<PushOutcome> = () => ({ kind: "sent" });
  up = true;
  /** Runs while a load is under way, after it has read. */
  duringLoad: (() => void) | undefined;
  now = () => 0;

  readonly source: PushSource = {
    load: async (userIds) => {
      if (!this.up) throw new Error("connection refused");
      this.loads.push([...userIds]);
      const found = structuredClone(userIds.flatMap((id) => this.profiles.get(id) ?? []));
      const during = this.duringLoad;
      this.duringLoad = undefined;
      during?.();
      return found;
    },
    dropDevice: async (userId, token) => {
      this.dropped.push(token);
      const profile = this.profiles.get(userId);
      if (profile !== undefined) profile.devices = profile.devices.filter((device) => device.token !== token);
    },
  };

  readonly sender: PushSender = {
    laneOf: (device) => (device.token.startsWith("unset/") ? undefined : device.token.split("/")[0]),
    send: async (device, notification) => {
      this.attempts.push({ ...notification, token: device.token, at: this.now() });
      return this.answer(device.token);
    },
  };

  device(userId: string, ...tokens: string[]): PushProfile {
    const devices = tokens.map((token): PushDevice => ({ token, platform: "android", subscription: null }));
    const profile = { userId, devices, mutedUntil: 0, channels: {}, blocked: [] };
    this.profiles.set(userId, profile);
    return profile;
  }

  get tokens(): string[] {
    return this.attempts.map((push) => push.token);
  }
}

/** A hub that pushes. Pass the parts of another one to wake it up again on the same storage. */
export function createPushRig(push: FakePush, options: RigOptions = {}) {
  const rig = createRig({ ...options, push: { source: push.source, sender: push.sender } });
  push.now = rig.runtime.now;
  return rig;
}

/** The clock and the alarm of an object whose memory is lost: its timers are gone. */
export function sleep(runtime: FakeRuntime): FakeRuntime {
  const asleep = new FakeRuntime();
  asleep.time = runtime.time;
  asleep.alarmAt = runtime.alarmAt;
  return asleep;
}

/** The hub again, after an eviction. */
export function wake(push: FakePush, rig: ReturnType<typeof createRig>) {
  const { sql, archive, snapshots } = rig;
  return createPushRig(push, { sql, archive, snapshots, runtime: sleep(rig.runtime) });
}

/** Moves time on and rings the hub's alarms as they fall due. */
export async function passTime(rig: { hub: { alarm(): Promise<void> }; runtime: FakeRuntime }, ms: number) {
  const { hub, runtime } = rig;
  const end = runtime.time + ms;
  for (;;) {
    await runtime.advance(Math.min(250, end - runtime.time));
    while (runtime.alarmAt !== undefined && runtime.alarmAt <= runtime.time) {
      runtime.alarmAt = undefined;
      await hub.alarm();
    }
    if (runtime.time >= end) return;
    // Skip to just before the next thing that happens.
    const quiet = Math.min(end, runtime.alarmAt ?? end) - runtime.time - 250;
    if (quiet > 0 && runtime.pendingTimers === 0) await runtime.advance(quiet);
  }
}
