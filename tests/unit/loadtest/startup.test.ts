import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { activeMs, type CpuProfile } from "../../../loadtest/startup/profile.ts";
import { judge } from "../../../loadtest/startup/result.ts";
import { bundleSize, createEmptyProject, kabarProject, profileStart } from "../../../loadtest/startup/wrangler.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kabar-startup-test-"));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Below the 1 MiB that is promised, so that a package that is far too large shows before the promise is broken. */
const BUDGET_KIB = 250;

describe("what is deployed", () => {
  it("[SIZE-1] is a script of less than 250 KiB gzipped", { timeout: 60_000 }, async () => {
    const { bytes, gzip_bytes } = await bundleSize(kabarProject, path.join(folder, "bundle"));
    expect(gzip_bytes).toBeLessThan(BUDGET_KIB * 1024);
    expect(gzip_bytes).toBeGreaterThan(100 * 1024);
    expect(bytes).toBeGreaterThan(gzip_bytes);
  });

  it("[SIZE-2] a start is profiled in workerd, and an empty Worker's beside it", {
    timeout: 120_000,
  }, async () => {
    const emptyFolder = path.join(folder, "empty");
    fs.mkdirSync(emptyFolder);
    const empty = await profileStart(createEmptyProject(emptyFolder), folder);
    const kabar = await profileStart(kabarProject, folder);
    const functions = ({ nodes }: CpuProfile) => nodes.map(({ callFrame }) => callFrame.functionName);
    expect(activeMs(kabar)).toBeGreaterThan(0);
    expect(functions(kabar).length).toBeGreaterThan(functions(empty).length);
  });

  it("[SIZE-2] what is idle is no start-up; the median of the starts is compared with the target", () => {
    const node = (id: number, functionName: string) => ({ id, callFrame: { functionName } });
    const profile = {
      nodes: [node(1, "(root)"), node(2, "(idle)"), node(3, "createApp"), node(4, "(garbage collector)")],
      samples: [2, 3, 4, 2, 3],
      timeDeltas: [50_000, 1_000, 500, 9_000, 2_000],
    };
    expect(activeMs(profile)).toBe(3.5);
    const targets = (active_ms: number[], gzip_bytes = 300 * 1024) => judge({ bytes: 1, gzip_bytes, active_ms });
    expect(targets([99, 300, 20]).map(({ measured, met }) => [measured, met])).toEqual([
      [300, true],
      [99, true],
    ]);
    expect(targets([101], 1024 * 1024).map(({ met }) => met)).toEqual([false, false]);
  });
});
