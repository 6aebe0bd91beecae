import fc from "fast-check";
import { v7 as uuidv7 } from "uuid";
import { describe, expect, it } from "vitest";
import { type Caller, requireAllowed, requireGroup, standingOf } from "../../../src/domain/access.ts";
import { isAllowedAttachment, safeFilename } from "../../../src/domain/attachment-policy.ts";
import { isAllowedOrigin } from "../../../src/domain/origin.ts";
import { historyCursor, memberCursor, userCursor } from "../../../src/domain/page-cursor.ts";

const user: Caller = { kind: "user", workspaceId: "w", userId: "u" };
const key: Caller = { kind: "workspace", workspaceId: "w", keyId: "k", locationHint: undefined };
const admin = { type: "group", isMember: true, role: "admin" } as const;
const member = { type: "group", isMember: true, role: "member" } as const;
const stranger = { type: "group", isMember: false, role: null } as const;
const direct = { type: "direct", isMember: true, role: null } as const;

describe("who may do what", () => {
  it("a key may do everything, an admin manages, a member reads and leaves, a stranger nothing", () => {
    for (const action of ["channel.delete", "channel.update", "members.add"] as const) {
      expect(() => requireAllowed(key, action, stranger)).not.toThrow();
    }
    expect(() => requireAllowed(user, "members.add", admin)).not.toThrow();
    expect(() => requireAllowed(user, "channel.delete", admin)).toThrow(expect.objectContaining({ code: "FORBIDDEN" }));
    expect(() => requireAllowed(user, "members.remove", member)).toThrow(
      expect.objectContaining({ code: "FORBIDDEN" }),
    );
    expect(() => requireAllowed(user, "members.leave", member)).not.toThrow();
    expect(() => requireAllowed(user, "messages.read", stranger)).toThrow(
      expect.objectContaining({ code: "NOT_A_MEMBER" }),
    );
    expect(standingOf(user, direct)).toBe("member");
    expect(() => requireGroup(direct, "user_ids")).toThrow(expect.objectContaining({ code: "VALIDATION_ERROR" }));
  });
});

describe("page cursors", () => {
  it("bring back every position, and only to their own list", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (seq) => {
        const text = historyCursor.encode([seq]);
        expect(text).toMatch(/^[\w-]+$/);
        expect(historyCursor.decode(text, "before")).toEqual([seq]);
      }),
    );
    const place: [string, string] = ["2026-01-02T03:04:05.678Z", uuidv7()];
    expect(memberCursor.decode(memberCursor.encode(place), "cursor")).toEqual(place);
  });

  it("[ERR-7] any other text is refused", () => {
    const refused = expect.objectContaining({ code: "VALIDATION_ERROR" });
    const foreign = [
      userCursor.encode([uuidv7()]),
      btoa('[1,"messages","x"]'),
      btoa('[2,"messages",5]'),
      btoa("{}"),
      btoa('[1,"messages",5,6]'),
    ];
    for (const text of foreign) expect(() => historyCursor.decode(text, "before"), text).toThrow(refused);
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => historyCursor.decode(text, "before")).toThrow(refused);
      }),
    );
  });
});

describe("attachments", () => {
  it("[FILE-2] never run as a page, whatever the list says", () => {
    const all = ["image/*", "text/*", "application/*", "text/html"];
    for (const type of ["text/html", "image/svg+xml", "application/xhtml+xml", "text/javascript", "text/xml"]) {
      expect(isAllowedAttachment(type, all), type).toBe(false);
    }
    expect(isAllowedAttachment("image/png", ["image/*"])).toBe(true);
    expect(isAllowedAttachment("video/mp4", ["image/*"])).toBe(false);
  });

  it("have file names that are safe in a path", () => {
    expect(safeFilename("../../etc/passwd")).toBe("etc-passwd");
    expect(safeFilename("Résumé (1).PDF")).toBe("Resume-1.PDF");
    expect(safeFilename("写真.jpg")).toBe("file.jpg");
    expect(safeFilename(".htaccess")).toBe("htaccess");
    expect(safeFilename("a.tar.gz")).toBe("a-tar.gz");
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect(safeFilename(name)).toMatch(/^[A-Za-z0-9_-]{1,80}(\.[A-Za-z0-9]{1,16})?$/);
      }),
    );
  });
});

describe("origins of sockets", () => {
  it("[WS-1] same host by default, the list where there is one, any with a star", () => {
    const url = "https://chat.example/v1/ws";
    expect(isAllowedOrigin(undefined, url, [])).toBe(true);
    expect(isAllowedOrigin("https://chat.example", url, [])).toBe(true);
    expect(isAllowedOrigin("https://evil.example", url, [])).toBe(false);
    expect(isAllowedOrigin("null", url, [])).toBe(false);
    expect(isAllowedOrigin("https://app.example", url, ["https://app.example"])).toBe(true);
    expect(isAllowedOrigin("https://chat.example", url, ["https://app.example"])).toBe(false);
    expect(isAllowedOrigin("https://evil.example", url, ["*"])).toBe(true);
  });
});
