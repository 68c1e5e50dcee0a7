import type { UsageDay } from '../shared/dashboardUsage.ts';
import { element, setAttribute } from './element.ts';

const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
const steps = 4;

/** The days of the last 13 weeks, the darker the more was used. A table, so that it can be read without being seen. */
export class DayMap {
  readonly root: HTMLElement;
  readonly #body = element('tbody');
  #shown = '';

  constructor() {
    const caption = element('caption', {}, 'Tokens by day, 90 days');
    const legend = element('div', { class: 'day-legend quiet', 'aria-hidden': 'true' }, 'less');
    for (let step = 0; step <= steps; step += 1)
      legend.append(element('span', { class: 'day', 'data-step': String(step) }));
    legend.append('more');
    this.root = element('div', { class: 'day-map' }, element('table', {}, caption, this.#body), legend);
  }

  /** @param days all of them, in order. */
  show(days: readonly UsageDay[]): void {
    const key = JSON.stringify(days);
    if (key === this.#shown) return;
    this.#shown = key;
    const most = Math.max(0, ...days.map(({ tokens }) => tokens));
    const [first] = days;
    // The week begins on Monday; a day's name is read as UTC, so that no clock moves it.
    const before = first === undefined ? 0 : (new Date(first.day).getUTCDay() + 6) % 7;
    const rows = weekdays.map((name) => element('tr', {}, element('th', { scope: 'row' }, name)));
    for (let empty = 0; empty < before; empty += 1) rows[empty]?.append(element('td'));
    for (const [index, day] of days.entries()) rows[(before + index) % 7]?.append(dayCell(day, most));
    this.#body.replaceChildren(...rows);
  }
}

function dayCell({ tokens, text }: UsageDay, most: number): HTMLElement {
  const step = tokens === 0 ? 0 : Math.max(1, Math.ceil((tokens / most) * steps));
  const cell = element('td', {}, element('span', { class: 'day' }));
  const [mark] = cell.children;
  if (mark !== undefined) {
    setAttribute(mark, 'data-step', String(step));
    setAttribute(mark, 'title', text);
    mark.append(element('span', { class: 'spoken' }, text));
  }
  return cell;
}
