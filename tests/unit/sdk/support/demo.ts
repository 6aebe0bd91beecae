/** Serves the demo page from dist/web with the fake server behind it: `node tests/unit/sdk/support/demo.ts [port]`. */
import fs from "node:fs";
import path from "node:path";
import { buildWeb } from "../../../../src/local/build-web.ts";
import { projectRoot } from "../../../../src/local/root.ts";
import { FakeServer } from "./fake-server.ts";

const TALK = [
  "Selamat pagi! Did the new build go out?",
  "Yes, about ten minutes ago. Rolled to all regions.",
  "Nice. Any alarms?",
  "None so far. p95 went from 61 ms to 38 ms, and the memory graph is flat.",
  "That's better than I hoped for 🎉",
  "The dashboards are at https://status.example.com/board?from=now-1h, have a look when you can.",
];

/** Starts a fake server with two demo users, a long direct channel, a short group, and an empty group. */
export async function startDemo(port = 0): Promise<FakeServer> {
  await buildWeb();
  const server = new FakeServer();
  const { workspace } = server;
  const ayu = workspace.addUser("demo-ayu", "Ayu Lestari");
  const bima = workspace.addUser("demo-bima", "Bima Putra");
  const citra = workspace.addUser("demo-citra", "Citra");
  const direct = workspace.addChannel("demo-direct", "direct", null, [ayu, bima]);
  const lobby = workspace.addChannel("demo-lobby", "group", "Lobby", [ayu, bima, citra]);
  workspace.addChannel("demo-empty", "group", "Release planning", [ayu, bima]);
  for (let i = 0; i < 130; i += 1) {
    const author = i % 5 < 2 ? bima : ayu;
    workspace.post(direct, author.id, { content: `Earlier message ${i + 1}` }, (200 - i) * 3_600_000);
  }
  for (const [index, content] of TALK.entries()) {
    workspace.post(direct, (index % 2 ? bima : ayu).id, { content }, (TALK.length - index) * 70_000);
  }
  for (const user of [ayu, bima]) direct.read.set(user.id, direct.messages.length);
  for (const content of ["Halo everyone!", "Lunch at twelve?"]) workspace.post(lobby, citra.id, { content }, 7_200_000);
  server.demoUsers = [ayu.id, bima.id];
  server.staticDir = path.join(projectRoot, "dist/web");
  const policy = /Content-Security-Policy: (.*)/.exec(fs.readFileSync(path.join(server.staticDir, "_headers"), "utf8"));
  server.headers = { "content-security-policy": policy?.[1] ?? "" };
  return server.start(port);
}

if (import.meta.main) {
  const server = await startDemo(Number(process.argv[2] ?? 8790));
  console.log(`The demo page is at ${server.baseUrl}/`);
}
