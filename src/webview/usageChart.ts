import uPlot from 'uplot';
import { formatCount } from '../shared/amounts.ts';
import type { UsageView } from '../shared/dashboardUsage.ts';
import { chartColors, onThemeChange } from './chartColors.ts';
import { element, setAttribute } from './element.ts';
import { stepName } from './stepName.ts';

const height = 200;

/** Tokens over time, one layer on the other. It says in words what a table says in full. */
export class UsageChart {
  readonly root = element('div', { class: 'chart', role: 'img' });
  /** What the pointer is over. */
  readonly #hint = element('div', { class: 'chart-hint', 'aria-hidden': 'true' });
  #plot: uPlot | undefined;
  #view: UsageView | undefined;
  /** What the plot was made for: the same layers and steps only get new numbers. */
  #shape = '';

  constructor() {
    this.#hint.hidden = true;
    onThemeChange(() => {
      this.#make();
    });
    new ResizeObserver(() => {
      const { clientWidth: width } = this.root;
      if (width > 0) this.#plot?.setSize({ width, height });
    }).observe(this.root);
  }

  show(view: UsageView): void {
    this.#view = view;
    setAttribute(this.root, 'aria-label', spoken(view));
    const shape = JSON.stringify([view.query.span, view.series.map(({ label }) => label)]);
    if (shape !== this.#shape || this.#plot === undefined) {
      this.#shape = shape;
      this.#make();
    } else {
      this.#plot.setData(stacked(view));
    }
  }

  #make(): void {
    this.#plot?.destroy();
    const view = this.#view;
    if (view === undefined) return;
    const colors = chartColors();
    const { span } = view.query;
    const { bars } = uPlot.paths;
    const axis = {
      stroke: colors.text,
      font: colors.font,
      grid: { stroke: colors.grid, width: 0.5 },
      ticks: { stroke: colors.grid, width: 0.5 },
    };
    const options: uPlot.Options = {
      width: this.root.clientWidth || 600,
      height,
      // Half of the last time's name lies beside the plot.
      padding: [8, 32, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: { x: { range: (_, least, most) => [least - margin(view), most + margin(view)] } },
      axes: [
        {
          ...axis,
          grid: { show: false },
          values: (_, moments) => moments.map((at) => stepName(at * 1000, span)),
          space: 70,
        },
        { ...axis, values: (_, counts) => counts.map(formatCount), size: 56 },
      ],
      series: [
        {},
        ...view.series
          .map((_, index) => ({
            fill: colors.layer(index),
            stroke: colors.background,
            width: 1,
            points: { show: false },
            ...(bars !== undefined && { paths: bars({ size: [0.8, 60] }) }),
          }))
          .toReversed(),
      ],
      hooks: {
        setCursor: [
          ({ cursor: { idx, left = 0 } }) => {
            this.#point(idx ?? undefined, left);
          },
        ],
      },
    };
    this.#plot = new uPlot(options, stacked(view), this.root);
    this.root.append(this.#hint);
  }

  #point(index: number | undefined, left: number): void {
    const view = this.#view;
    const start = index === undefined ? undefined : view?.starts[index];
    this.#hint.hidden = view === undefined || start === undefined || left < 0;
    if (view === undefined || index === undefined || start === undefined) return;
    const used = view.series.filter(({ tokens }) => (tokens[index] ?? 0) > 0);
    const lines = used.map(({ label, tokens }) => element('div', {}, `${label}: ${formatCount(tokens[index] ?? 0)}`));
    this.#hint.replaceChildren(element('div', { class: 'strong' }, stepName(start, view.query.span)), ...lines);
    this.#hint.classList.toggle('left', left > this.root.clientWidth / 2);
  }
}

/** Half a step, in seconds: the first and the last bar stand on the chart, not across its edge. */
function margin({ starts }: UsageView): number {
  const [first = 0, second = first + 60_000] = starts;
  return (second - first) / 2000;
}

/** Each layer from the ground up to its own top, the largest lowest: the highest is drawn first, the others over it. */
function stacked({ starts, series }: UsageView): uPlot.AlignedData {
  const tops: number[][] = [];
  for (const { tokens } of series) {
    const below = tops.at(-1);
    tops.push(starts.map((_, step) => (below?.[step] ?? 0) + (tokens[step] ?? 0)));
  }
  return [starts.map((at) => at / 1000), ...tops.toReversed()];
}

const spans = {
  hour: 'the last hour by the minute',
  day: 'the last 24 hours by the hour',
  week: 'the last 7 days by the hour',
  quarter: 'the last 90 days by the day',
} as const;

function spoken({ query, starts, series }: UsageView): string {
  const sums = starts.map((_, step) => series.reduce((sum, { tokens }) => sum + (tokens[step] ?? 0), 0));
  const most = Math.max(0, ...sums);
  const at = starts[sums.indexOf(most)];
  const title = `Tokens used in ${spans[query.span]}, by ${query.by}`;
  if (most === 0 || at === undefined) return `${title}: none`;
  const layers = series.map(({ label, tokensText }) => `${label} ${tokensText}`).join(', ');
  return `${title}: ${layers}. Most at ${stepName(at, query.span)}: ${formatCount(most)}.`;
}
