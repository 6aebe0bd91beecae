import { describe, expect, it } from "vitest";
import { hubIdOf } from "../../../src/platform/hub-ids.ts";

describe("ids of hubs", () => {
  const naming = (prefix: string) => {
    const made: string[] = [];
    const idFromName = (name: string) => {
      made.push(name);
      return `${prefix}${name}`;
    };
    return { made, idFromName };
  };

  it("are made once for each name, and apart for each namespace", () => {
    const [one, other] = [naming("one "), naming("other ")];
    for (let n = 0; n < 3; n++) {
      expect(hubIdOf(one, "a")).toBe("one a");
      expect(hubIdOf(one, "b")).toBe("one b");
      expect(hubIdOf(other, "a")).toBe("other a");
    }
    expect([one.made, other.made]).toEqual([["a", "b"], ["a"]]);
  });

  it("are made anew, and rightly, where an isolate has seen more names than it keeps", () => {
    const many = naming("id of ");
    const names = Array.from({ length: 1_000 }, (_, n) => `name ${n}`);
    for (const name of names) hubIdOf(many, name);
    for (const name of names) expect(hubIdOf(many, name)).toBe(`id of ${name}`);
    expect(many.made).toHaveLength(1_000);
    hubIdOf(many, "one more");
    expect(hubIdOf(many, "name 7")).toBe("id of name 7");
    expect(many.made).toHaveLength(1_002);
  });
});
