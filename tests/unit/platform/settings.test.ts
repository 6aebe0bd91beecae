import { describe, expect, it } from "vitest";
import { parseSettings, SettingsError } from "../../../src/platform/settings.ts";

const needed = { DATABASE_URL: "postgres://u:p@h/d", CARIOS_JWT_SECRET: "a secret of more than thirty-two bytes" };

describe("settings", () => {
  it("have the documented defaults", () => {
    const settings = parseSettings(needed);
    expect(settings).toMatchObject({
      messagesPerMinute: 60,
      requestsPerMinute: { key: 6000, user: 600, address: 1200 },
      maxMessageBytes: 8192,
      maxAttachmentBytes: 25 * 1024 * 1024,
      jwt: { issuer: "cariosan", ttlSeconds: 86_400 },
      journalRetentionHours: 168,
      allowedOrigins: [],
    });
    expect(settings.redis).toBeUndefined();
    expect(settings.objectStore).toBeUndefined();
  });

  it("take numbers and lists from text, and an empty text as nothing", () => {
    const settings = parseSettings({
      ...needed,
      CARIOS_RATE_LIMIT_MESSAGES_PER_MINUTE: "7",
      CARIOS_CORS_ALLOWED_ORIGINS: "https://a.example, https://b.example",
      CARIOS_ATTACHMENT_TYPES: "image/png",
      KABAR_DEMO_WORKSPACE_ID: "",
      CARIOS_JWT_TTL_HOURS: " ",
    });
    expect(settings.messagesPerMinute).toBe(7);
    expect(settings.allowedOrigins).toEqual(["https://a.example", "https://b.example"]);
    expect(settings.attachmentTypes).toEqual(["image/png"]);
    expect(settings.demoWorkspaceId).toBeUndefined();
    expect(settings.jwt.ttlSeconds).toBe(86_400);
  });

  it("[ERR-9] name what is missing or wrong and never show a value", () => {
    const attempt = () =>
      parseSettings({ CARIOS_JWT_SECRET: "short-and-secret", CARIOS_S3_ENDPOINT: "ftp://secret-host" });
    expect(attempt).toThrow(SettingsError);
    expect(attempt).toThrow(/DATABASE_URL is not set.*CARIOS_JWT_SECRET must be at least 32 bytes.*CARIOS_S3_ENDPOINT/);
    expect(attempt).not.toThrow(/short-and-secret|secret-host/);
  });
});
