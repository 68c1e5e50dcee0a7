import { type DashboardGauge } from '../shared/dashboardMessages.ts';
import { element, setText } from './element.ts';
import { type ItemView } from './keyedList.ts';

/** One limit: its share as a figure and a bar, the amount, and when it resets. */
export function gaugeView(): ItemView<DashboardGauge> {
  const label = element('span', { class: 'gauge-label' });
  const share = element('span', { class: 'gauge-share' });
  const fill = element('div', { class: 'gauge-fill' });
  const bar = element('div', { class: 'gauge-bar', role: 'meter', 'aria-valuemin': '0', 'aria-valuemax': '100' }, fill);
  const amount = element('span');
  const reset = element('span', { class: 'quiet' });
  const source = element('div', { class: 'gauge-source quiet' });
  const root = element(
    'li',
    { class: 'gauge' },
    element('div', { class: 'gauge-head' }, label, share),
    bar,
    element('div', { class: 'gauge-foot' }, amount, reset),
    source,
  );
  return {
    root,
    update(gauge) {
      const percentage = Math.max(0, Math.min(100, gauge.percentage));
      root.dataset['level'] = gauge.level;
      setText(label, gauge.label);
      setText(share, gauge.share);
      setText(amount, gauge.amount);
      setText(reset, gauge.reset);
      setText(source, `Limit ${gauge.source}`);
      fill.style.width = `${percentage}%`;
      bar.setAttribute('aria-label', gauge.label);
      bar.setAttribute('aria-valuenow', String(Math.round(percentage)));
      bar.setAttribute(
        'aria-valuetext',
        [gauge.share, gauge.amount, gauge.reset, `limit ${gauge.source}`].filter((text) => text !== '').join(', '),
      );
    },
  };
}
