import type { DashboardEvent } from '../shared/dashboardParts.ts';
import { element, setAttribute, setText } from './element.ts';
import type { ItemView } from './keyedList.ts';

const levels = { information: '', warning: 'Warning: ', error: 'Problem: ' } as const;

/** Something that has happened, with the time on the user's clock. */
export function eventView(): ItemView<DashboardEvent> {
  const time = element('time');
  const level = element('span', { class: 'spoken' });
  const text = element('span');
  const root = element('li', { class: 'event' }, time, element('span', { class: 'event-text' }, level, text));
  return {
    root,
    update(event) {
      const at = new Date(event.at);
      setAttribute(root, 'data-level', event.level);
      setAttribute(time, 'datetime', at.toISOString());
      setAttribute(time, 'title', at.toLocaleString());
      setText(time, at.toLocaleTimeString());
      setText(level, levels[event.level]);
      setText(text, event.text);
    },
  };
}
