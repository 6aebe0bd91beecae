import { h } from "./dom.ts";

/** Shown where this deployment has no demo: what it is, and how to see it. */
export function demoOffPage(): HTMLElement {
  return h(
    "main",
    { className: "note-page", testid: "demo-off" },
    h("h1", {}, "The demo is not switched on here"),
    h(
      "p",
      {},
      "This Kabar server is running, but it has no demo workspace, so there is nobody to chat as on this page. Your own apps can use the API all the same.",
    ),
    h("h2", {}, "See it on your machine"),
    h("p", {}, "In a checkout of the project:"),
    h("pre", {}, h("code", {}, "npm install\nnpm start")),
    h("p", {}, "Then open the address that it prints. Everything runs locally; no account is needed."),
    h("p", {}, h("a", { className: "button", href: "/docs" }, "Read the API reference")),
  );
}

/** Shown where the session could not be read. */
export function failedPage(reason: string, retry: () => void): HTMLElement {
  return h(
    "main",
    { className: "note-page", role: "alert", testid: "demo-failed" },
    h("h1", {}, "The demo could not start"),
    h("p", {}, `The session could not be read: ${reason}.`),
    h("p", {}, h("button", { type: "button", className: "button", onclick: retry }, "Try again")),
  );
}
