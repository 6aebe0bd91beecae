import { describe, expect, it } from "vitest";
import { retryAfterMs } from "../../../src/domain/push.ts";
import { parseSettings, SettingsError } from "../../../src/platform/settings.ts";

const NEEDED = { DATABASE_URL: "postgres://u:p@h/d", CARIOS_JWT_SECRET: "x".repeat(32) };
const ACCOUNT = {
  type: "service_account",
  project_id: "p",
  client_email: "e@p.example",
  private_key: "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n",
};
const VAPID = {
  KABAR_VAPID_PUBLIC_KEY: `B${"A".repeat(86)}`,
  KABAR_VAPID_PRIVATE_KEY: "A".repeat(43),
  KABAR_VAPID_SUBJECT: "mailto:ops@example.test",
};

describe("settings of push", () => {
  it("[PUSH-10] nothing set: no push service", () => {
    expect(parseSettings(NEEDED)).toMatchObject({ fcm: undefined, vapid: undefined, allowPrivateTargets: false });
  });

  it("[PUSH-10] a service account turns on FCM, at Google's own addresses unless others are set", () => {
    const env = { ...NEEDED, KABAR_FCM_SERVICE_ACCOUNT: JSON.stringify(ACCOUNT) };
    expect(parseSettings(env).fcm).toMatchObject({
      account: { project_id: "p", client_email: "e@p.example" },
      url: "https://fcm.googleapis.com",
      oauthUrl: "https://oauth2.googleapis.com/token",
    });
    const proxied = {
      ...env,
      KABAR_FCM_URL: "https://fcm.example.test/",
      KABAR_OAUTH_URL: "https://oauth.example.test",
    };
    expect(parseSettings(proxied).fcm).toMatchObject({
      url: "https://fcm.example.test",
      oauthUrl: "https://oauth.example.test",
      account: { token_uri: "https://oauth2.googleapis.com/token" },
    });
  });

  it("[PUSH-10] Web Push needs all three of its settings", () => {
    expect(parseSettings({ ...NEEDED, ...VAPID }).vapid).toEqual({
      publicKey: VAPID.KABAR_VAPID_PUBLIC_KEY,
      privateKey: VAPID.KABAR_VAPID_PRIVATE_KEY,
      subject: VAPID.KABAR_VAPID_SUBJECT,
    });
    for (const name of Object.keys(VAPID)) {
      expect(parseSettings({ ...NEEDED, ...VAPID, [name]: "" }).vapid).toBeUndefined();
    }
  });

  it("[ERR-9] what is wrong is named, and never shown", () => {
    const wrong = {
      KABAR_FCM_SERVICE_ACCOUNT: JSON.stringify({ ...ACCOUNT, private_key: "secret-1" }),
      KABAR_VAPID_PUBLIC_KEY: "secret-2",
      KABAR_VAPID_PRIVATE_KEY: "secret-3",
      KABAR_VAPID_SUBJECT: "secret-4",
    };
    for (const [name, value] of Object.entries(wrong)) {
      const attempt = () => parseSettings({ ...NEEDED, [name]: value });
      expect(attempt).toThrow(SettingsError);
      expect(attempt).toThrow(new RegExp(name));
      expect(attempt).not.toThrow(/secret-/);
    }
    expect(() => parseSettings({ ...NEEDED, KABAR_FCM_SERVICE_ACCOUNT: "{no json" })).toThrow(/JSON of a Google/);
  });
});

describe("Retry-After", () => {
  it("[PUSH-5] is read as seconds or as a date, and left alone where it says nothing", () => {
    const now = Date.UTC(2026, 0, 1);
    expect(retryAfterMs("120", now)).toBe(120_000);
    expect(retryAfterMs(new Date(now + 60_000).toUTCString(), now)).toBe(60_000);
    for (const header of [null, "", "0", "soon", "-5", new Date(now - 1_000).toUTCString()]) {
      expect(retryAfterMs(header, now)).toBeUndefined();
    }
  });
});
