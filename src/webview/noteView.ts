import type { DashboardNote } from '../shared/dashboardParts.ts';
import { element, setAttribute, setText } from './element.ts';
import type { ItemView } from './keyedList.ts';

/** Something that the user should know, and what to do about it. */
export function noteView(): ItemView<DashboardNote> {
  const kind = element('span', { class: 'note-kind' });
  const message = element('span');
  const nextStep = element('span', { class: 'quiet' });
  const root = element('li', { class: 'note' }, kind, element('div', {}, message, ' ', nextStep));
  return {
    root,
    update(note) {
      setAttribute(root, 'data-level', note.level);
      setText(kind, { information: 'Note', warning: 'Warning', error: 'Problem' }[note.level]);
      setText(message, note.message);
      setText(nextStep, note.nextStep);
    },
  };
}
