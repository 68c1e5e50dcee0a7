import type { DashboardGauge } from '../shared/dashboardParts.ts';
import { element, setAttribute, setText } from './element.ts';
import type { ItemView } from './keyedList.ts';

/** One limit: its share as a figure and a bar, the amount and this machine's part of it, when it resets, and where the pace leads until then. */
export function gaugeView(): ItemView<DashboardGauge> {
  const label = element('span', { class: 'gauge-label' });
  const share = element('span', { class: 'gauge-share' });
  const projected = element('div', { class: 'gauge-projected' });
  const fill = element('div', { class: 'gauge-fill' });
  const ownFill = element('div', { class: 'gauge-own' });
  const bar = element(
    'div',
    { class: 'gauge-bar', role: 'meter', 'aria-valuemin': '0', 'aria-valuemax': '100' },
    projected,
    fill,
    ownFill,
  );
  const amount = element('span');
  const reset = element('span', { class: 'quiet' });
  const own = element('div', { class: 'gauge-part quiet' });
  const pace = element('div', { class: 'gauge-pace' });
  const source = element('div', { class: 'gauge-source quiet' });
  const root = element(
    'li',
    { class: 'gauge' },
    element('div', { class: 'gauge-head' }, label, share),
    bar,
    element('div', { class: 'gauge-foot' }, amount, reset),
    own,
    pace,
    source,
  );
  return {
    root,
    update(gauge) {
      const percentage = bounded(gauge.percentage);
      setAttribute(root, 'data-level', gauge.level);
      setText(label, gauge.label);
      setText(share, gauge.share);
      setText(amount, gauge.amount);
      setText(reset, gauge.reset);
      setText(own, gauge.own?.text ?? '');
      setText(pace, gauge.pace?.text ?? '');
      setAttribute(pace, 'data-level', gauge.pace?.level ?? '');
      setText(source, `Limit ${gauge.source}`);
      setWidth(fill, percentage);
      setWidth(ownFill, bounded(gauge.own?.percentage ?? 0));
      setWidth(projected, bounded(gauge.pace?.projected ?? 0));
      setAttribute(projected, 'data-level', gauge.pace?.level ?? '');
      setAttribute(bar, 'aria-label', gauge.label);
      setAttribute(bar, 'aria-valuenow', String(Math.round(percentage)));
      const words = [
        gauge.share,
        gauge.amount,
        gauge.own?.text ?? '',
        gauge.reset,
        gauge.pace?.text ?? '',
        `limit ${gauge.source}`,
      ];
      setAttribute(bar, 'aria-valuetext', words.filter((text) => text !== '').join(', '));
    },
  };
}

function bounded(percentage: number): number {
  return Math.max(0, Math.min(100, percentage));
}

function setWidth(target: HTMLElement, percentage: number): void {
  const width = `${Math.round(percentage * 10) / 10}%`;
  if (target.style.width !== width) target.style.width = width;
}
