import fs from "node:fs";
import path from "node:path";
import { ensureDemoData } from "./demo-data.ts";
import { type DemoWorkspace, ensureDemoWorkspace } from "./demo-workspace.ts";
import { StackError } from "./errors.ts";
import { migrate } from "./migrate.ts";
import { reportAndExit } from "./report.ts";
import { type Stack, startStack } from "./stack.ts";
import { startBanner } from "./start-banner.ts";
import { startOptions } from "./start-options.ts";

/** `npm start`: the whole stack with a demo workspace, until Ctrl-C. */
async function main(): Promise<void> {
  const begun = performance.now();
  const { dataDir, port, web, verbose } = startOptions(process.argv.slice(2), process.env);
  let demo: DemoWorkspace | undefined;
  const starting = startStack({
    dataDir,
    port,
    web,
    // The Worker may call this machine's own webhook receivers here.
    env: { CARIOS_WEBHOOK_ALLOW_PRIVATE: process.env.CARIOS_WEBHOOK_ALLOW_PRIVATE ?? "true" },
    log: (line) => {
      if (verbose || !/^\S+ \S+ UTC \[/.test(line)) console.log(line);
    },
    prepare: async (databaseUrl, state) => {
      await migrate(databaseUrl);
      demo = await ensureDemoWorkspace(databaseUrl, state);
      return { KABAR_DEMO_WORKSPACE_ID: demo.workspaceId };
    },
  });
  const stop = stopOnSignal(starting);
  const stack = await starting;
  if (!demo) throw new StackError("The demo workspace was not made.");
  try {
    await ensureDemoData(stack.baseUrl, demo);
    const devFile = writeDevFile(dataDir, stack, demo);
    console.log(startBanner({ stack, demo, devFile, web, seconds: (performance.now() - begun) / 1000 }));
  } catch (error) {
    if (stop.isStopping()) return;
    await stack.stop();
    throw error;
  }
}

/** Stops the stack once on the first signal, also when it is still starting; a second signal changes nothing. */
function stopOnSignal(starting: Promise<Stack>): { isStopping(): boolean } {
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    const stack = await starting.catch(() => undefined);
    await stack?.stop();
    process.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void stop());
  return { isStopping: () => stopping };
}

/** Writes what scripts and the load generator need to talk to this stack. */
function writeDevFile(dataDir: string, stack: Stack, demo: DemoWorkspace): string {
  const file = path.join(dataDir, "dev.json");
  const content = {
    base_url: stack.baseUrl,
    workspace_id: demo.workspaceId,
    api_key: demo.apiKey,
    api_secret: demo.apiSecret,
    database_url: stack.databaseUrl,
    // As NEON_FETCH_ENDPOINT: the same database over HTTP.
    database_http_url: stack.vars.NEON_FETCH_ENDPOINT,
    files_url: stack.vars.CARIOS_S3_PUBLIC_URL,
    pid: process.pid,
    worker_pid: stack.worker.pid,
  };
  fs.writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  fs.chmodSync(file, 0o600);
  return path.relative(process.cwd(), file);
}

await main().catch(reportAndExit);
