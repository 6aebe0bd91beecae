import { type ClientOptions, createClient, type KabarClient, type Message } from "../../../../src/sdk/index.ts";
import { FakeServer } from "./fake-server.ts";

/** Short waits, so that tests of failures take milliseconds. */
export const QUICK = { backoffBase: 20, backoffMax: 40, holeGrace: 20, answerWithin: 200 };

/** A running fake server with the users Ani and Budi and their channel `team`. */
export async function startFake() {
  const server = await new FakeServer().start();
  const ani = server.workspace.addUser("ani", "Ani");
  const budi = server.workspace.addUser("budi", "Budi");
  const team = server.workspace.addChannel("team", "group", "Team", [ani, budi]);
  return { server, ani, budi, team };
}

/** A client of one user that connects with a fresh token each time. */
export function clientFor(server: FakeServer, userId: string, options: Partial<ClientOptions> = {}): KabarClient {
  return createClient({
    baseUrl: server.baseUrl,
    getToken: async () => server.issueToken(userId),
    ...options,
    timings: { ...QUICK, ...options.timings },
  });
}

/** Resolves when the condition holds. @throws after two seconds */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 2_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Connects, and collects the contents of the client's messages as they come. */
export async function online(client: KabarClient): Promise<string[]> {
  const contents: string[] = [];
  client.on("message", (message: Message) => contents.push(message.content));
  client.connect();
  await until(() => client.state === "online", "the connection");
  return contents;
}
