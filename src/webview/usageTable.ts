import { formatCount } from '../shared/amounts.ts';
import type { UsageView } from '../shared/dashboardUsage.ts';
import { element } from './element.ts';
import { stepName } from './stepName.ts';

/** The chart's numbers as a table, made only when it is opened. */
export class UsageTable {
  readonly root: HTMLDetailsElement;
  readonly #place = element('div', {
    class: 'usage-table',
    tabindex: '0',
    role: 'region',
    'aria-label': 'Usage as a table',
  });
  #view: UsageView | undefined;
  #shown = '';

  constructor() {
    this.root = element('details', {}, element('summary', {}, 'Show as a table'), this.#place);
    this.root.addEventListener('toggle', () => {
      this.#render();
    });
  }

  show(view: UsageView): void {
    this.#view = view;
    this.#render();
  }

  #render(): void {
    if (!this.root.open || this.#view === undefined) return;
    const key = JSON.stringify([this.#view.query, this.#view.starts, this.#view.series]);
    if (key === this.#shown) return;
    this.#shown = key;
    const { query, starts, series } = this.#view;
    const number = { class: 'number' };
    const head = element(
      'tr',
      {},
      element('th', { scope: 'col' }, 'From'),
      ...series.map(({ label }) => element('th', { scope: 'col', ...number }, label)),
    );
    const rows = starts.flatMap((start, step) => {
      const counts = series.map(({ tokens }) => tokens[step] ?? 0);
      if (counts.every((count) => count === 0)) return [];
      const cells = counts.map((count) => element('td', number, formatCount(count)));
      return [element('tr', {}, element('th', { scope: 'row' }, stepName(start, query.span)), ...cells)];
    });
    const sums = series.map(({ tokensText }) => element('td', number, tokensText));
    const foot = element('tr', {}, element('th', { scope: 'row' }, 'In all'), ...sums);
    this.#place.replaceChildren(
      element('table', {}, element('thead', {}, head), element('tbody', {}, ...rows), element('tfoot', {}, foot)),
    );
  }
}
