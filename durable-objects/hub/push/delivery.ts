import type { PushSender, PushSource } from "../../../src/domain/hub-ports.ts";
import { type PushDevice, type PushOutcome, pushTitle } from "../../../src/domain/push.ts";
import { LIMITS } from "../../../src/protocol/limits.ts";
import type { HubRuntime } from "../storage.ts";
import type { OwedPush, PushOutbox } from "./outbox.ts";
import type { PushPauses } from "./pauses.ts";
import type { PushProfiles } from "./profiles.ts";
import type { PushableMessage } from "./rules.ts";

/** One message for one device, with all that its push needs. */
export interface PushJob {
  pushable: PushableMessage;
  device: PushDevice;
  owed: OwedPush;
}

/** Requests at once: workerd lets an object have six connections open. */
const CONCURRENCY = 6;

export interface DeliveryParts {
  sender: PushSender;
  source: PushSource;
  profiles: PushProfiles;
  outbox: PushOutbox;
  pauses: PushPauses;
  runtime: HubRuntime;
}

/** Hands pushes to their services, and notes what became of each. */
export class Delivery {
  readonly #parts: DeliveryParts;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** Never throws. What was not tried by `deadline` (unix milliseconds) waits in the outbox. */
  async deliver(jobs: readonly PushJob[], deadline: number): Promise<void> {
    const queue = [...jobs];
    const work = async () => {
      for (let job = queue.shift(); job !== undefined; job = queue.shift()) await this.#attempt(job, deadline);
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
  }

  async #attempt({ owed, device, pushable }: PushJob, deadline: number): Promise<void> {
    const { sender, outbox, pauses, runtime } = this.#parts;
    const now = runtime.now();
    if (pauses.until(owed) > now || now >= deadline) {
      outbox.keep(owed);
      return;
    }
    const { event, message } = pushable;
    const outcome = await sender.send(device, {
      title: pushTitle(message.user?.name),
      channelId: message.channel_id,
      messageId: message.id,
      ttlSeconds: Math.max(0, LIMITS.pushLifetimeSeconds - Math.floor((now - event.at) / 1000)),
    });
    await this.#note(owed, device, outcome);
  }

  async #note(owed: OwedPush, device: PushDevice, outcome: PushOutcome): Promise<void> {
    const { outbox, pauses, runtime } = this.#parts;
    const fields = { user_id: owed.userId, platform: device.platform, lane: owed.lane };
    if (outcome.kind === "retry") {
      runtime.log("warn", "push.failed", { ...fields, reason: outcome.reason });
      pauses.failed(owed, outcome.pauseMs ?? 0, outcome.isService ?? false);
      outbox.keep(owed);
      return;
    }
    if (outcome.kind === "refused") runtime.log("error", "push.refused", { ...fields, reason: outcome.reason });
    if (outcome.kind === "gone") {
      runtime.log("info", "push.device_gone", fields);
      await this.#drop(owed.userId, device.token);
    }
    pauses.served(owed);
    outbox.remove(owed);
  }

  async #drop(userId: string, token: string): Promise<void> {
    const { source, profiles, runtime } = this.#parts;
    try {
      await source.dropDevice(userId, token);
      profiles.changed([userId]);
    } catch (error) {
      // The next push finds it gone again.
      runtime.log("warn", "push.drop_failed", { user_id: userId, error: String(error) });
    }
  }
}
