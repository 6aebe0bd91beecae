import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { sleep } from "../../../loadtest/run/clock.ts";
import { bundleScript, K6_FOLDER } from "./script.ts";
import { UserHost } from "./user-host.ts";

/** k6's modules, as `virtual-user.ts` holds them. */
const MODULES = {
  k6: "export const { check, fail, sleep } = globalThis.k6.core;",
  "k6/execution": "export default globalThis.k6.execution;",
  "k6/http": "export default globalThis.k6.http;",
  "k6/ws": "export default globalThis.k6.ws;",
  "k6/metrics": "export const { Counter, Trend } = globalThis.k6.metrics;",
};

/** What of k6's options the scripts use. */
interface Options {
  scenarios?: Record<string, Executor>;
  vus?: number;
  duration?: string;
  thresholds: Record<string, string[]>;
}

type Executor =
  | { executor: "per-vu-iterations"; exec: string; vus: number }
  | {
      executor: "constant-arrival-rate";
      exec: string;
      rate: number;
      timeUnit: string;
      startTime: string;
      duration: string;
    };

export interface K6Result {
  /** Samples of each metric. */
  metrics: Record<string, number[]>;
  /** What iterations threw: k6 writes it down and goes on. */
  errors: string[];
  /** Thresholds on counts that were not met. Those on times are left out: a test asserts none. */
  failed: string[];
}

/** Plays a script as `k6 run` does, with the executors that the scripts use. */
export async function runScript(name: string, env: Record<string, string>): Promise<K6Result> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kabar-k6-"));
  const run = new Run(path.join(folder, "script.mjs"), env);
  try {
    await bundleScript(name, run.module, MODULES);
    return await run.play();
  } finally {
    await run.stop();
    fs.rmSync(folder, { recursive: true });
  }
}

class Run {
  readonly module: string;
  readonly #env: Record<string, string>;
  readonly #users: UserHost[] = [];
  readonly #idle: UserHost[] = [];
  readonly #metrics: Record<string, number[]> = {};
  readonly #errors: string[] = [];

  constructor(module: string, env: Record<string, string>) {
    this.module = module;
    this.#env = env;
  }

  async play(): Promise<K6Result> {
    const first = this.#newUser(0);
    const options = (await first.load()) as Options;
    const data = await first.run({ exec: "setup", data: undefined, iterationInTest: 0 });
    if (options.scenarios === undefined) await this.#repeat(options, data);
    else await Promise.all(Object.values(options.scenarios).map((scenario) => this.#scenario(scenario, data)));
    const failed = Object.entries(options.thresholds).flatMap(([metric, conditions]) =>
      conditions.filter((condition) => !this.#isMet(metric, condition)).map((condition) => `${metric} ${condition}`),
    );
    return { metrics: this.#metrics, errors: this.#errors, failed };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#users.map((user) => user.stop()));
  }

  async #scenario(scenario: Executor, data: unknown): Promise<void> {
    const { exec } = scenario;
    if (scenario.executor === "per-vu-iterations") {
      const each = Array.from({ length: scenario.vus }, (_, at) => this.#iterate({ exec, data, iterationInTest: at }));
      await Promise.all(each);
      return;
    }
    await sleep(secondsOf(scenario.startTime) * 1000);
    const periodMs = (secondsOf(scenario.timeUnit) * 1000) / scenario.rate;
    const running: Promise<void>[] = [];
    for (let at = 0; at * periodMs < secondsOf(scenario.duration) * 1000; at++) {
      running.push(this.#iterate({ exec, data, iterationInTest: at }));
      await sleep(periodMs);
    }
    await Promise.all(running);
  }

  /** The default function, by so many users again and again. */
  async #repeat({ vus = 1, duration = "0s" }: Options, data: unknown): Promise<void> {
    const users = Array.from({ length: vus }, (_, index) => this.#newUser(index + 1));
    await Promise.all(users.map((user) => user.load()));
    const until = Date.now() + secondsOf(duration) * 1000;
    let started = 0;
    const loop = async (user: UserHost) => {
      while (Date.now() < until) {
        await this.#noted(user.run({ exec: "default", data, iterationInTest: started++ }));
      }
    };
    await Promise.all(users.map(loop));
  }

  async #iterate(iteration: Parameters<UserHost["run"]>[0]): Promise<void> {
    let user = this.#idle.pop();
    if (user === undefined) {
      user = this.#newUser(this.#users.length);
      await user.load();
    }
    await this.#noted(user.run(iteration));
    this.#idle.push(user);
  }

  async #noted(iteration: Promise<unknown>): Promise<void> {
    await iteration.catch((error: unknown) => this.#errors.push(String(error)));
  }

  #newUser(number: number): UserHost {
    const onMetric = (name: string, value: number) => {
      this.#metrics[name] ??= [];
      this.#metrics[name].push(value);
    };
    const user = new UserHost({ module: this.module, folder: K6_FOLDER, env: this.#env, number, onMetric });
    this.#users.push(user);
    return user;
  }

  #isMet(metric: string, condition: string): boolean {
    const [, comparison, wanted] = /^count(==|>)(\d+)$/.exec(condition) ?? [];
    if (wanted === undefined) return true;
    const count = (this.#metrics[metric] ?? []).reduce((sum, value) => sum + value, 0);
    return comparison === "==" ? count === Number(wanted) : count > Number(wanted);
  }
}

function secondsOf(duration: string): number {
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(duration)?.[1];
  if (seconds === undefined) throw new Error(`unable to read the duration ${duration}`);
  return Number(seconds);
}
