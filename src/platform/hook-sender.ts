import type { HookOutcome, HookSender } from "../domain/hub-ports.ts";
import { refusalOfTarget } from "../domain/webhook-target.ts";
import { withDeadline } from "./deadline.ts";
import { hookHeaders } from "./hook-signature.ts";

/** Bytes of an answer that are read; a longer one is cut and will hardly be JSON any more. */
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Requests to customers' servers by `fetch`. The address is judged again at each request, since the deployment's setting may
 * have changed; a redirect is an answer like any other and is not followed.
 */
export function fetchHookSender({ allowPrivateTargets }: { allowPrivateTargets: boolean }): HookSender {
  return {
    async send({ url, timeoutMs, ...hook }, { readBody = false } = {}): Promise<HookOutcome> {
      const refusal = refusalOfTarget(url, allowPrivateTargets);
      if (refusal !== undefined) return { error: `the URL ${refusal}`, final: true };
      try {
        const headers = {
          "content-type": "application/json",
          "user-agent": "Kabar-Webhooks/1",
          ...(await hookHeaders(hook)),
        };
        return await withDeadline(timeoutMs, async (signal) => {
          const response = await fetch(url, { method: "POST", headers, body: hook.body, redirect: "manual", signal });
          if (readBody) return { status: response.status, text: await readStart(response) };
          await response.body?.cancel();
          return { status: response.status, text: "" };
        });
      } catch (error) {
        return { error: isTimeout(error) ? `no answer within ${timeoutMs / 1000} s` : "the connection failed" };
      }
    },
  };
}

async function readStart(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder();
  let text = "";
  for (let bytes = 0; bytes < MAX_ANSWER_BYTES; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text;
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError";
}
