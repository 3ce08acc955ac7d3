import { locale, switchLanguage, t } from "./texts";

/** Makes an element. Children that are text stay text, whatever is in them. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Shows a screen in the place of the one before. It is drawn anew when the language changes. */
export function show(draw: () => Node[]): void {
  document.documentElement.lang = locale();
  document.title = t().appName;
  const other = h("button", { type: "button", textContent: t().otherLanguage, onclick: () => (switchLanguage(), show(draw)) });
  document.querySelector("#screen")!.replaceChildren(h("h1", { textContent: t().appName }), ...draw(), other);
  document.querySelector<HTMLElement>("#screen input")?.focus();
}
