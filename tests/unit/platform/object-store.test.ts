import { describe, expect, it } from "vitest";
import { checkUpload, ObjectStore } from "../../../src/platform/object-store.ts";

const store = new ObjectStore({
  endpoint: "https://store.example",
  region: "auto",
  bucket: "files",
  accessKeyId: "id",
  secretAccessKey: "secret",
  publicUrl: "https://cdn.example",
});
const rules = { maxAttachmentBytes: 100, attachmentTypes: ["image/*", "application/pdf"] };

describe("uploads", () => {
  it("[FILE-1] are signed with type, length and expiry, under the workspace's own prefix", async () => {
    const signed = await store.presign("w", { filename: "fo to.png", content_type: "image/png", size: 10 });
    const url = new URL(signed.upload_url);
    expect(url.pathname).toMatch(/^\/files\/w\/[0-9a-f-]{36}\/fo-to\.png$/);
    expect(url.searchParams.get("X-Amz-SignedHeaders")).toBe("content-length;content-type;host");
    expect(url.searchParams.get("X-Amz-Expires")).toBe("600");
    expect(signed.public_url).toBe(`https://cdn.example${url.pathname.replace("/files", "")}`);
    expect(signed.headers).toEqual({ "content-type": "image/png" });
  });

  it("[FILE-2] of refused types and sizes get no address", () => {
    const file = (content_type: string, size = 1) => ({ filename: "f", content_type, size });
    expect(() => checkUpload(file("image/png", 100), rules)).not.toThrow();
    for (const type of ["image/svg+xml", "text/html", "application/x-msdownload"]) {
      expect(() => checkUpload(file(type), rules), type).toThrow(expect.objectContaining({ code: "VALIDATION_ERROR" }));
    }
    expect(() => checkUpload(file("image/png", 101), rules)).toThrow(expect.objectContaining({ status: 413 }));
  });
});
