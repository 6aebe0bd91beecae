import { describe, expect, it } from "vitest";
import { CommitGroup } from "../../../durable-objects/hub/commit-group.ts";
import { settleMicrotasks } from "../../support/hub-rig.ts";

/** Storage whose commits end when told. */
function slowStorage() {
  const commits: string[][] = [];
  let [written, ends]: [string[], (() => void)[]] = [[], []];
  return {
    commits,
    write: (what: string) => written.push(what),
    durable: () => {
      commits.push(written);
      written = [];
      return new Promise<void>((resolve) => ends.push(resolve));
    },
    async endCommit() {
      const [end] = ends;
      ends = ends.slice(1);
      end?.();
      await settleMicrotasks();
    },
  };
}

describe("group commit", () => {
  it("[SEND-15] writes at once while storage is idle, and what comes meanwhile together, in order", async () => {
    const storage = slowStorage();
    const group = new CommitGroup(storage.durable);
    const send = async (what: string) => {
      const turn = group.enter();
      if (turn !== undefined) await turn;
      storage.write(what);
    };
    void send("a");
    await settleMicrotasks();
    for (const what of ["b", "c", "d"]) void send(what);
    await settleMicrotasks();
    expect(storage.commits).toEqual([["a"]]);
    await storage.endCommit();
    void send("e");
    expect(storage.commits).toEqual([["a"], ["b", "c", "d"]]);
    await storage.endCommit();
    await storage.endCommit();
    void send("f");
    await settleMicrotasks();
    expect(storage.commits).toEqual([["a"], ["b", "c", "d"], ["e"], ["f"]]);
  });

  it("[SEND-15] goes on after a commit that failed", async () => {
    let fail = true;
    const group = new CommitGroup(async () => {
      if (fail) throw new Error("disk full");
    });
    expect(group.enter()).toBeUndefined();
    const waiting = group.enter();
    fail = false;
    await waiting;
    await settleMicrotasks();
    expect(group.enter()).toBeUndefined();
  });
});
