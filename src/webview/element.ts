/**
 * Makes an element. Text goes in as text: nothing on the page is ever parsed as HTML.
 * @param attributes set as given.
 */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

/** Changes a text only when it differs, so that nothing is laid out, or read aloud, again for nothing. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** The same for an attribute; an empty value takes it away. */
export function setAttribute(target: Element, name: string, value: string): void {
  if ((target.getAttribute(name) ?? '') === value) return;
  if (value === '') target.removeAttribute(name);
  else target.setAttribute(name, value);
}
