import { pickPort } from "./ports.ts";
import type { LocalState, StateFile } from "./state.ts";

/** Port for a part of the stack: the one of the last run when it is free, else a new one, remembered. */
export async function rememberedPort(state: StateFile, name: keyof LocalState["ports"]): Promise<number> {
  const port = await pickPort(state.value.ports[name]);
  state.value.ports[name] = port;
  state.save();
  return port;
}
