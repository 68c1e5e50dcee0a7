import { element } from './element.ts';

/** One of a few, side by side: radio buttons as the keyboard and screen readers know them. */
export class Choice<Value extends string> {
  readonly root: HTMLFieldSetElement;
  readonly #inputs: ReadonlyMap<Value, HTMLInputElement>;

  /** @param name said of the choice as a whole. @param options what each is called. */
  constructor(name: string, options: Readonly<Record<Value, string>>, chosen: (value: Value) => void) {
    const inputs = new Map<Value, HTMLInputElement>();
    const labels: HTMLElement[] = [];
    for (const [value, text] of Object.entries<string>(options)) {
      const input = element('input', { type: 'radio', name, value });
      // The keys of a record of options are its values.
      const key = keyOf(options, value);
      if (key === undefined) continue;
      input.addEventListener('change', () => {
        chosen(key);
      });
      inputs.set(key, input);
      labels.push(element('label', {}, input, element('span', {}, text)));
    }
    this.#inputs = inputs;
    this.root = element('fieldset', { class: 'choice' }, element('legend', { class: 'spoken' }, name), ...labels);
  }

  show(value: Value): void {
    const input = this.#inputs.get(value);
    if (input !== undefined) input.checked = true;
  }
}

function keyOf<Value extends string>(options: Readonly<Record<Value, string>>, key: string): Value | undefined {
  const isKey = (candidate: string): candidate is Value => Object.hasOwn(options, candidate);
  return isKey(key) ? key : undefined;
}
