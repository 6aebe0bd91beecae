import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UsageError } from "../../../loadtest/errors.ts";
import { readOptions } from "../../../loadtest/options.ts";
import { loadScenario, scenarioNames } from "../../../loadtest/scenario.ts";
import { findTarget, isLoopback } from "../../../loadtest/target.ts";

describe("readOptions", () => {
  it("reads a whole command line", () => {
    const args = "baseline --seconds 20 --sockets 50 --base-url http://localhost:1 --out a.json --allow-remote".split(
      " ",
    );
    expect(readOptions(args)).toEqual({
      scenario: "baseline",
      seconds: 20,
      sockets: 50,
      baseUrl: "http://localhost:1",
      out: "a.json",
      allowRemote: true,
    });
    expect(readOptions(["--help"])).toBeUndefined();
  });

  it.each([
    [""],
    ["nothing"],
    ["baseline extra"],
    ["baseline --seconds x"],
    ["baseline --sockets 0"],
    ["baseline --speed 9"],
    ["baseline --out ."],
  ])("refuses %j", (line) => {
    expect(() => readOptions(line.split(" ").filter(Boolean))).toThrow(UsageError);
  });
});

describe("scenarios", () => {
  it("are all well formed", () => {
    expect(scenarioNames()).toContain("baseline");
    for (const name of scenarioNames()) expect(loadScenario(name).name).toBe(name);
  });

  it("baseline is the reference", () => {
    expect(loadScenario("baseline")).toMatchObject({
      seconds: 300,
      sockets: 500,
      group_size: 50,
      senders: 100,
      ping_interval_seconds: 10,
      send_interval_seconds: 30,
    });
  });

  it("keep the share of senders, and are bounded", () => {
    expect(loadScenario("baseline", { sockets: 50, seconds: 10 })).toMatchObject({
      sockets: 50,
      senders: 10,
      seconds: 10,
    });
    expect(() => loadScenario("baseline", { seconds: 1_000_000 })).toThrow(UsageError);
    expect(() => loadScenario("baseline", { sockets: 1_000_000 })).toThrow(UsageError);
  });
});

describe("findTarget", () => {
  let folder: string;
  let file: URL;
  const missing = new URL("file:///nowhere/dev.json");
  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), "kabar-load-"));
    const dev = {
      base_url: "http://127.0.0.1:8787",
      api_key: "pk",
      api_secret: "sk",
      workspace_id: "w",
      worker_pid: 7,
    };
    writeFileSync(path.join(folder, "dev.json"), JSON.stringify(dev));
    file = pathToFileURL(path.join(folder, "dev.json"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("takes the running local stack", () => {
    const target = findTarget({ allowRemote: false }, {}, file);
    expect(target).toMatchObject({ credential: "pk:sk", loopback: true, serverPid: 7 });
    expect(target.baseUrl.origin).toBe("http://127.0.0.1:8787");
  });

  it("prefers the option to the environment, and the environment to the file", () => {
    const env = { KABAR_BASE_URL: "http://localhost:2", KABAR_API_KEY: "a", KABAR_API_SECRET: "b" };
    expect(findTarget({ allowRemote: false }, env, file)).toMatchObject({ credential: "a:b", serverPid: undefined });
    expect(findTarget({ allowRemote: false, baseUrl: "http://[::1]:3" }, env, file).baseUrl.host).toBe("[::1]:3");
    expect(findTarget({ allowRemote: false }, env, missing).baseUrl.host).toBe("localhost:2");
  });

  it("refuses other machines unless they are allowed", () => {
    const env = { KABAR_API_KEY: "a", KABAR_API_SECRET: "b" };
    const baseUrl = "https://chat.example";
    expect(() => findTarget({ allowRemote: false, baseUrl }, env, missing)).toThrow(/--allow-remote/);
    expect(findTarget({ allowRemote: true, baseUrl }, env, missing).loopback).toBe(false);
    expect(() => findTarget({ allowRemote: true, baseUrl: "ftp://localhost" }, env, missing)).toThrow(UsageError);
    expect(() => findTarget({ allowRemote: false }, {}, missing)).toThrow(/npm start/);
  });

  it.each([
    ["localhost", true],
    ["127.0.0.1", true],
    ["127.1.2.3", true],
    ["[::1]", true],
    ["0.0.0.0", false],
    ["10.0.0.1", false],
    ["127.0.0.1.example.com", false],
    ["localhost.example.com", false],
  ])("knows whether %s is this machine", (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});
