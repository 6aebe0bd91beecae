type Child = Node | string | undefined | false;
type Props<Tag extends keyof HTMLElementTagNameMap> = {
  [Name in keyof HTMLElementTagNameMap[Tag]]?: HTMLElementTagNameMap[Tag][Name];
} & { testid?: string; role?: string; aria?: Record<string, string>; data?: Record<string, string> };

/** Makes an element. Strings become text nodes, never markup: nothing that a user wrote can be run. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  props: Props<Tag> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  const { testid, role, aria, data, ...own } = props;
  Object.assign(element, own);
  if (testid) element.dataset.testid = testid;
  if (role) element.setAttribute("role", role);
  for (const [name, value] of Object.entries(aria ?? {})) element.setAttribute(`aria-${name}`, value);
  for (const [name, value] of Object.entries(data ?? {})) element.dataset[name] = value;
  for (const child of children) if (child) element.append(child);
  return element;
}

/** Replaces an element's text only where it differs, so that screen readers hear changes and nothing else. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** The element's children become exactly these, moving only what is out of place. */
export function setChildren(parent: HTMLElement, children: HTMLElement[]): void {
  let at = parent.firstElementChild;
  for (const child of children) {
    if (child === at) at = at.nextElementSibling;
    else parent.insertBefore(child, at);
  }
  while (at) {
    const next = at.nextElementSibling;
    at.remove();
    at = next;
  }
}
