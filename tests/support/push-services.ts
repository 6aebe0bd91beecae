import { createECDH, createVerify, generateKeyPairSync } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";

export interface FcmRequest {
  authorization: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of any shape
  message: any;
}

export interface WebPushRequest {
  name: string;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}

export interface Reply {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

export const PROJECT = "kabar-test";
const CLIENT_EMAIL = "push@kabar-test.example";
const KEY_ID = "key-1";

/** Google's OAuth, FCM, and a browser's push service, on loopback. They keep what they get and answer as the test says. */
export async function startPushServices() {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const vapid = createECDH("prime256v1");
  vapid.generateKeys();
  const assertions: { header: Record<string, unknown>; claims: Record<string, unknown>; isSigned: boolean }[] = [];
  const fcm: FcmRequest[] = [];
  const webPushes: WebPushRequest[] = [];
  const services = {
    /** Access tokens that were given out, and for how many seconds each. */
    tokenSeconds: 3_600,
    tokens: [] as string[],
    onFcm: (_token: string): Reply => ({ status: 200, body: { name: `projects/${PROJECT}/messages/1` } }),
    onWebPush: (_name: string): Reply => ({ status: 201 }),
  };

  const grant = (form: URLSearchParams): Reply => {
    const assertion = form.get("assertion") ?? "";
    const [head = "", payload = "", signature = ""] = assertion.split(".");
    const verify = createVerify("RSA-SHA256").update(`${head}.${payload}`);
    const parse = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
    const isSigned = verify.verify(rsa.publicKey, Buffer.from(signature, "base64url"));
    assertions.push({ header: parse(head), claims: parse(payload), isSigned });
    if (!isSigned || form.get("grant_type") !== "urn:ietf:params:oauth:grant-type:jwt-bearer") return { status: 400 };
    const token = `access-${services.tokens.length + 1}`;
    services.tokens.push(token);
    return { status: 200, body: { access_token: token, expires_in: services.tokenSeconds, token_type: "Bearer" } };
  };

  const answer = (request: http.IncomingMessage, body: Buffer): Reply => {
    const path = request.url ?? "";
    if (path === "/token") return grant(new URLSearchParams(body.toString()));
    if (path === `/v1/projects/${PROJECT}/messages:send`) {
      const authorization = request.headers.authorization ?? "";
      if (authorization !== `Bearer ${services.tokens.at(-1)}`)
        return { status: 401, body: fcmError(401, "UNAUTHENTICATED") };
      const { message } = JSON.parse(body.toString());
      fcm.push({ authorization, message });
      return services.onFcm(message.token);
    }
    if (path.startsWith("/push/")) {
      const name = path.slice("/push/".length);
      webPushes.push({ name, headers: request.headers, body });
      return services.onWebPush(name);
    }
    return { status: 404 };
  };

  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const reply = answer(request, Buffer.concat(chunks));
      response.writeHead(reply.status, { "content-type": "application/json", ...reply.headers });
      response.end(reply.body === undefined ? undefined : JSON.stringify(reply.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return Object.assign(services, {
    url,
    assertions,
    fcm,
    webPushes,
    vapidPublicKey: vapid.getPublicKey("base64url"),
    clientEmail: CLIENT_EMAIL,
    keyId: KEY_ID,
    /** Settings of a deployment that uses all three. */
    env: {
      KABAR_FCM_SERVICE_ACCOUNT: JSON.stringify({
        type: "service_account",
        project_id: PROJECT,
        client_email: CLIENT_EMAIL,
        private_key_id: KEY_ID,
        private_key: rsa.privateKey.export({ type: "pkcs8", format: "pem" }),
        token_uri: "https://oauth2.example.test/token",
      }),
      KABAR_FCM_URL: url,
      KABAR_OAUTH_URL: `${url}/token`,
      KABAR_VAPID_PUBLIC_KEY: vapid.getPublicKey("base64url"),
      KABAR_VAPID_PRIVATE_KEY: vapid.getPrivateKey().toString("base64url").padStart(43, "A"),
      KABAR_VAPID_SUBJECT: "mailto:ops@example.test",
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

export type PushServices = Awaited<ReturnType<typeof startPushServices>>;

/** An error body as FCM writes it. */
export function fcmError(code: number, status: string, details: unknown[] = []) {
  return { error: { code, status, message: "as FCM says it", details } };
}

export function fcmErrorCode(errorCode: string) {
  return { "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", errorCode };
}
