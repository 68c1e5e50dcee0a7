import type { ExportFormat } from '../shared/dashboardMessages.ts';
import type { UsageQuery, UsageTotals, UsageView } from '../shared/dashboardUsage.ts';
import { button } from './button.ts';
import { layerVariable } from './chartColors.ts';
import { Choice } from './choice.ts';
import { DayMap } from './dayMap.ts';
import { element, setText } from './element.ts';
import { UsageChart } from './usageChart.ts';
import { UsageTable } from './usageTable.ts';

export interface UsageSectionParts {
  /** The user wants to see this from now on. */
  readonly asked: (query: UsageQuery) => void;
  readonly exportUsage: (format: ExportFormat) => void;
}

/** What was used over time: chart, sums and days. */
export class UsageSection {
  readonly root: HTMLElement;
  readonly #chart = new UsageChart();
  readonly #table = new UsageTable();
  readonly #days = new DayMap();
  readonly #legend = element('ul', { class: 'legend', 'aria-label': 'Layers of the chart' });
  readonly #totals = element('dl', { class: 'totals' });
  readonly #remarks = element('p', { class: 'quiet' });
  readonly #nothing = element('p', { class: 'empty' }, 'No request has ended in this time.');
  #query: UsageQuery;

  constructor(query: UsageQuery, { asked, exportUsage }: UsageSectionParts) {
    this.#query = query;
    const ask = (changes: Partial<UsageQuery>): void => {
      this.#query = { ...this.#query, ...changes };
      asked(this.#query);
    };
    const spans = new Choice('Time', { hour: 'Hour', day: 'Day', week: 'Week', quarter: '90 days' }, (span) => {
      ask({ span });
    });
    const groupings = new Choice('Layers', { agent: 'By agent', model: 'By model' }, (by) => {
      ask({ by });
    });
    spans.show(query.span);
    groupings.show(query.by);
    const tools = element(
      'div',
      { class: 'tools' },
      spans.root,
      groupings.root,
      element('span', { class: 'gap' }),
      button('Export CSV', 'secondary', () => {
        exportUsage('csv');
      }),
      button('Export JSON', 'secondary', () => {
        exportUsage('json');
      }),
    );
    const figure = element(
      'div',
      { class: 'usage-chart' },
      this.#nothing,
      this.#chart.root,
      this.#legend,
      this.#table.root,
    );
    const aside = element('div', { class: 'usage-aside' }, this.#totals, this.#days.root);
    this.root = element(
      'section',
      { 'aria-labelledby': 'usage-heading' },
      element('h2', { id: 'usage-heading' }, 'Usage'),
      tools,
      element('div', { class: 'usage' }, figure, aside),
      this.#remarks,
    );
    this.root.hidden = true;
  }

  /** An answer to an earlier question comes late and is not shown. */
  show(view: UsageView): void {
    if (view.query.span !== this.#query.span || view.query.by !== this.#query.by) return;
    const isEmpty = view.series.length === 0;
    this.root.hidden = false;
    this.#nothing.hidden = !isEmpty;
    this.#chart.root.hidden = isEmpty;
    this.#table.root.hidden = isEmpty;
    if (!isEmpty) this.#chart.show(view);
    this.#table.show(view);
    this.#days.show(view.days);
    this.#legend.replaceChildren(...view.series.map(legendItem));
    this.showTotals(view);
  }

  showTotals({ totals, remarks }: UsageTotals): void {
    while (this.#totals.children.length < totals.length) this.#totals.append(totalItem());
    for (const [index, { label, tokens, cost }] of totals.entries()) {
      const texts = [label, tokens, cost];
      for (const [place, part] of [...(this.#totals.children[index]?.children ?? [])].entries())
        setText(part, texts[place] ?? '');
    }
    setText(this.#remarks, remarks.join(' '));
  }
}

function legendItem({ label, tokensText, costText }: UsageView['series'][number], index: number): HTMLElement {
  const mark = element('span', { class: 'legend-mark', 'aria-hidden': 'true' });
  mark.style.background = `var(${layerVariable(index)})`;
  const sums = [tokensText, costText].filter((text) => text !== '').join(' · ');
  return element('li', {}, mark, element('span', {}, label), ' ', element('span', { class: 'quiet' }, sums));
}

/** Of a total: what it is of, its tokens and its cost, which are written into it. */
function totalItem(): HTMLElement {
  return element(
    'div',
    {},
    element('dt', { class: 'quiet' }),
    element('dd', { class: 'strong' }),
    element('dd', { class: 'quiet' }),
  );
}
