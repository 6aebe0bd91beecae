import { SignJWT, UnsecuredJWT } from "jose";
import { v7 as uuidv7 } from "uuid";
import { describe, expect, it } from "vitest";
import { Tokens } from "../../../src/platform/tokens.ts";

const settings = { secret: "a secret of more than thirty-two bytes", issuer: "cariosan", ttlSeconds: 3600 };
const workspace = uuidv7();
const user = uuidv7();

function claims(): SignJWT {
  return new SignJWT({ ws: workspace }).setSubject(user).setIssuer(settings.issuer).setIssuedAt().setJti("j");
}

const keyOf = (secret: string) => new TextEncoder().encode(secret);

describe("user tokens", () => {
  it("[AUTH-7] carry their claims for as long as they were asked to", async () => {
    const tokens = new Tokens(settings);
    const { token, expires_at } = await tokens.sign(workspace, user, 120);
    const read = await tokens.verify(token);
    expect(read).toMatchObject({ iss: "cariosan", sub: user, ws: workspace });
    expect((read?.exp ?? 0) - (read?.iat ?? 0)).toBe(120);
    expect(new Date(expires_at).getTime()).toBe((read?.exp ?? 0) * 1000);
    const byDefault = await tokens.verify((await tokens.sign(workspace, user)).token);
    expect((byDefault?.exp ?? 0) - (byDefault?.iat ?? 0)).toBe(3600);
  });

  it("[AUTH-2] of another secret, issuer or algorithm, unsigned, expired or incomplete ones are refused", async () => {
    const tokens = new Tokens(settings);
    const later = "1h";
    const wrong = {
      secret: await claims()
        .setExpirationTime(later)
        .setProtectedHeader({ alg: "HS256" })
        .sign(keyOf("b".repeat(32))),
      issuer: await claims()
        .setIssuer("x")
        .setExpirationTime(later)
        .setProtectedHeader({ alg: "HS256" })
        .sign(keyOf(settings.secret)),
      algorithm: await claims()
        .setExpirationTime(later)
        .setProtectedHeader({ alg: "HS512" })
        .sign(keyOf(settings.secret.repeat(2))),
      expired: await claims().setExpirationTime(1).setProtectedHeader({ alg: "HS256" }).sign(keyOf(settings.secret)),
      endless: await claims().setProtectedHeader({ alg: "HS256" }).sign(keyOf(settings.secret)),
      workspace: await claims()
        .setExpirationTime(later)
        .setProtectedHeader({ alg: "HS256" })
        .sign(keyOf(settings.secret))
        .then((token) => token.replace(/\.[^.]+\./, `.${btoa(JSON.stringify({ sub: user }))}.`)),
      unsigned: new UnsecuredJWT({ ws: workspace })
        .setSubject(user)
        .setIssuer("cariosan")
        .setIssuedAt()
        .setExpirationTime(later)
        .setJti("j")
        .encode(),
      text: "no.token.at-all",
      empty: "",
    };
    for (const [name, token] of Object.entries(wrong)) expect(await tokens.verify(token), name).toBeUndefined();
  });

  it("[AUTH-2] a remembered token ends with its time", async () => {
    const tokens = new Tokens(settings);
    const { token } = await tokens.sign(workspace, user, 1);
    expect(await tokens.verify(token)).toBeDefined();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await tokens.verify(token)).toBeUndefined();
  });
});
