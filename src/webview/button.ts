import { element } from './element.ts';

export function button(text: string, style: 'primary' | 'secondary', run: () => void): HTMLButtonElement {
  const made = element('button', { type: 'button', class: style }, text);
  made.addEventListener('click', run);
  return made;
}
