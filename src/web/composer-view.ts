import { h } from "./dom.ts";
import { type FileTray, fileTray } from "./file-tray.ts";
import { icon } from "./icons.ts";
import { MentionBox } from "./mention-box.ts";
import { replyBar } from "./reply-bar.ts";
import type { Talk } from "./talk.ts";

export interface ComposerOptions {
  /** Makes the ids of its elements unlike those of other composers. */
  id: string;
  /** Prefix of the test ids. */
  testid: string;
  placeholder: string;
  /** Files dropped here are attached. */
  dropArea: HTMLElement;
  typing(active: boolean): void;
  /** ArrowUp in an empty field. */
  editLast(): void;
}

export interface Composer {
  element: HTMLElement;
  /** Writes to another place from now on; what was begun stays with the place that it was for. */
  attach(talk: Talk | undefined): void;
  focus(): void;
}

/** Where messages are written: Enter sends, Shift+Enter makes a new line, `@` mentions; files by button, paste or drop. */
export function composerView({ id, testid, placeholder, dropArea, typing, editLast }: ComposerOptions): Composer {
  const text = h("textarea", {
    className: "composer-text",
    testid,
    rows: 1,
    placeholder,
    aria: { label: placeholder },
    autocomplete: "off",
    enterKeyHint: "send",
  });
  const send = h(
    "button",
    { type: "submit", className: "tool send", testid: `${testid}-send`, disabled: true, aria: { label: "Send" } },
    icon("send"),
  );
  const reply = replyBar();
  let talk: Talk | undefined;
  let stops: (() => void)[] = [];
  const begun = new WeakMap<Talk, string>();
  const mentions = new MentionBox(text, `${id}-people`, () => talk?.entry.others ?? []);
  const refresh = () => {
    send.disabled = text.value.trim() === "" && !files.picked;
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
  };
  const files: FileTray = fileTray({
    id,
    testid: `${testid}-attach`,
    dropArea,
    changed: () => {
      refresh();
      text.focus();
    },
  });
  const submit = () => {
    const content = text.value.trim();
    const { picked } = files;
    if (!talk || (content === "" && !picked)) return;
    talk.send({ content, mentions: talk.entry.mentionsIn(content), picked });
    text.value = "";
    files.clear();
    refresh();
    typing(false);
  };

  text.addEventListener("input", () => {
    refresh();
    mentions.refresh();
    typing(text.value.trim() !== "");
  });
  text.addEventListener("blur", () => typing(false));
  text.addEventListener("click", () => mentions.refresh());
  text.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (mentions.takeKey(event.key)) event.preventDefault();
    else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      submit();
    } else if (event.key === "Escape" && talk?.replyTo) {
      event.stopPropagation();
      talk.reply(undefined);
    } else if (event.key === "ArrowUp" && text.value === "") {
      event.preventDefault();
      editLast();
    }
  });
  text.addEventListener("paste", (event) => {
    const file = event.clipboardData?.files[0];
    if (!file) return;
    event.preventDefault();
    files.take(file);
  });
  const line = h("div", { className: "composer-line" }, files.input, files.label, text, send);
  const form = h("form", { className: "composer" }, mentions.element, reply.element, files.element, line);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });

  return {
    element: form,
    focus: () => text.focus(),
    attach(next) {
      if (next === talk) return;
      for (const stop of stops) stop();
      if (talk) begun.set(talk, text.value);
      talk = next;
      text.value = (next && begun.get(next)) ?? "";
      files.clear();
      refresh();
      reply.draw(next);
      const onReply = (message: unknown) => {
        reply.draw(next);
        if (message) text.focus();
      };
      stops = next ? [next.events.on("reply", onReply)] : [];
    },
  };
}
