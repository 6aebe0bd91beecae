import type { SearchResult } from "../sdk/index.ts";
import { h } from "./dom.ts";
import { explain } from "./explain.ts";
import { listTimeOf } from "./format.ts";
import { icon } from "./icons.ts";
import type { PaneStore } from "./pane-store.ts";

/** From the last key to the search. */
const PAUSE_MS = 250;

/** Finds messages of the open channel: a field with its results under it; a result shows its message. */
export function searchView(store: PaneStore): { element: HTMLElement; toggle: HTMLElement; close(): void } {
  const field = h("input", {
    type: "search",
    className: "search-field",
    testid: "search",
    placeholder: "Search this channel",
    aria: { label: "Search this channel" },
    autocomplete: "off",
  });
  const results = h("ul", { className: "search-results", testid: "search-results", aria: { label: "Results" } });
  const note = h("p", { className: "search-note", role: "status" });
  const element = h("div", { className: "search", hidden: true, role: "search" }, field, note, results);
  const toggle = h(
    "button",
    {
      type: "button",
      className: "tool",
      testid: "search-toggle",
      title: "Search",
      aria: { label: "Search", expanded: "false" },
    },
    icon("search"),
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;
  const show = (found: SearchResult[], text: string) => {
    note.textContent = text;
    results.replaceChildren(
      ...found.map((result) =>
        h(
          "li",
          {},
          resultView(result, () => choose(result)),
        ),
      ),
    );
  };
  const choose = ({ message }: SearchResult) => {
    close();
    if (message.thread_root_id) store.openThread(message.thread_root_id);
    else void store.active?.talk.jumpTo(message.id);
  };
  const search = async () => {
    asked += 1;
    const mine = asked;
    const words = field.value.trim();
    if (words === "" || !store.active) return show([], "");
    try {
      const { results: found } = await store.client.channel(store.active.info.id).search(words, { limit: 20 });
      if (mine === asked) show(found, found.length === 0 ? "Nothing found." : "");
    } catch (error) {
      if (mine === asked) show([], explain(error));
    }
  };
  const close = () => {
    element.hidden = true;
    toggle.setAttribute("aria-expanded", "false");
    field.value = "";
    void search();
  };
  toggle.addEventListener("click", () => {
    if (!element.hidden) return close();
    element.hidden = false;
    toggle.setAttribute("aria-expanded", "true");
    field.focus();
  });
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => void search(), PAUSE_MS);
  });
  element.addEventListener("keydown", (event) => {
    const buttons = [...results.querySelectorAll<HTMLElement>("button")];
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    if (event.key === "Escape") {
      close();
      toggle.focus();
    } else if (event.key === "ArrowDown") buttons[Math.min(at + 1, buttons.length - 1)]?.focus();
    else if (event.key === "ArrowUp") (at > 0 ? buttons[at - 1] : field)?.focus();
    else return;
    event.preventDefault();
  });
  return { element, toggle, close };
}

function resultView({ message, highlights }: SearchResult, choose: () => void): HTMLElement {
  const [first] = highlights;
  const pieces: (Node | string)[] = [];
  let end = 0;
  for (const range of first?.ranges ?? []) {
    pieces.push(first?.text.slice(end, range.start) ?? "", h("mark", {}, first?.text.slice(range.start, range.end)));
    end = range.end;
  }
  pieces.push(first?.text.slice(end) ?? message.content);
  const words = h("span", { className: "search-text" });
  words.append(...pieces);
  return h(
    "button",
    { type: "button", className: "search-result", testid: "search-result", onclick: choose },
    h("span", { className: "search-author" }, message.user?.name ?? "Former user"),
    h("time", { dateTime: message.created_at }, listTimeOf(message.created_at)),
    words,
  );
}
