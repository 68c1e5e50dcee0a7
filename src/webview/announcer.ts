import { element } from './element.ts';

/** Between two announcements, in milliseconds: of several in a row only the last is of use. */
const quietMs = 600;

/**
 * What a screen reader says by itself: what came of something that the user did, and problems that come up. Numbers
 * that change are not among it.
 */
export class Announcer {
  readonly root = element('div', { class: 'spoken', role: 'status' });
  #timer: ReturnType<typeof setTimeout> | undefined;

  say(text: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // The same words once more are something new.
      this.root.replaceChildren(element('span', {}, text));
    }, quietMs);
  }
}
