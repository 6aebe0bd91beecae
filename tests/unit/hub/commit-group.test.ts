import { describe, expect, it } from "vitest";
import { CommitGroup } from "../../../durable-objects/hub/commit-group.ts";
import { CommitWait } from "../../../durable-objects/hub/commit-wait.ts";
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
    const group = new CommitGroup(new CommitWait(storage.durable));
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
    const commit = new CommitWait(async () => {
      if (fail) throw new Error("disk full");
    });
    const group = new CommitGroup(commit);
    expect(group.enter()).toBeUndefined();
    const waiting = group.enter();
    fail = false;
    await waiting;
    await settleMicrotasks();
    expect(group.enter()).toBeUndefined();
  });
});

describe("one wait for a commit", () => {
  it("[SEND-15] is shared by all who ask while a turn writes, and holds what each of them wrote", async () => {
    const storage = slowStorage();
    const commit = new CommitWait(storage.durable);
    const done: string[] = [];
    const write = (what: string) => {
      storage.write(what);
      void commit.next().then(() => done.push(what));
    };
    write("a");
    write("b");
    await settleMicrotasks();
    write("c");
    await settleMicrotasks();
    expect(storage.commits).toEqual([["a", "b"], ["c"]]);
    expect(done).toEqual([]);
    await storage.endCommit();
    expect(done).toEqual(["a", "b"]);
    await storage.endCommit();
    expect(done).toEqual(["a", "b", "c"]);
  });

  it("[SEND-15] tells all of them where it failed, and none who asks afterwards", async () => {
    let fail = true;
    const commit = new CommitWait(async () => {
      if (fail) throw new Error("disk full");
    });
    const both = await Promise.allSettled([commit.next(), commit.next()]);
    expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    fail = false;
    await commit.next();
  });
});
