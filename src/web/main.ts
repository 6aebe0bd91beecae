import { createClient } from "../sdk/index.ts";
import { appView } from "./app-view.ts";
import { demoOffPage, failedPage } from "./message-page.ts";
import { PaneStore } from "./pane-store.ts";
import { fetchSession, tokenGetter } from "./session.ts";

const root = document.querySelector<HTMLElement>("#app");

async function start(root: HTMLElement): Promise<void> {
  root.setAttribute("aria-busy", "true");
  try {
    const session = await fetchSession();
    root.replaceChildren(session ? chat(session.users.slice(0, 2)) : demoOffPage());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    root.replaceChildren(failedPage(reason, () => void start(root)));
  }
  root.removeAttribute("aria-busy");
}

function chat(users: Parameters<typeof tokenGetter>[0][]): HTMLElement {
  const stores = users.map((user) => {
    const client = createClient({ baseUrl: location.origin, getToken: tokenGetter(user) });
    return new PaneStore(client, user);
  });
  const view = appView(stores);
  for (const store of stores) store.start();
  window.addEventListener("online", () => {
    for (const store of stores) store.wake();
  });
  document.addEventListener("visibilitychange", () => {
    for (const store of stores) store.seen(document.visibilityState === "visible");
  });
  return view;
}

if (root) void start(root);
