import type { DashboardRow } from '../shared/dashboardParts.ts';
import { element, setAttribute, setText } from './element.ts';
import { icon, type IconName, setIcon } from './icon.ts';
import type { ItemView } from './keyedList.ts';
import { columns } from './sessionColumns.ts';

/** What can be done to a session. */
export const rowActions = ['pause', 'resume', 'release', 'weigh', 'focusTerminal'] as const;
export type RowAction = (typeof rowActions)[number];
export type ActOnRow = (action: RowAction, row: DashboardRow) => void;

/** A button with a sign, which is said in words. */
function iconButton(name: IconName, style: string): { button: HTMLButtonElement; sign: SVGSVGElement } {
  const sign = icon(name);
  const button = element('button', { type: 'button', class: `icon ${style}`, tabindex: '-1' }, sign);
  return { button, sign };
}

function setName(button: HTMLButtonElement, name: string): void {
  setAttribute(button, 'aria-label', name);
  setAttribute(button, 'title', name);
}

/** One session, or one agent that waits for a slot. A row keeps its kind. */
export function rowView(act: ActOnRow): (first: DashboardRow) => ItemView<DashboardRow> {
  return (first) => {
    let shown = first;
    const cells = columns.map(({ key, isNumber }, index) => {
      const style = `${key}-column${isNumber ? ' number' : ''}`;
      return index === 0
        ? element('th', { scope: 'row', class: style, tabindex: '-1' })
        : element('td', { class: style, tabindex: '-1' });
    });
    const texts: HTMLElement[] = [...cells];
    const stateText = element('span', { class: 'state-text' });
    const dot = element('span', { class: 'dot', 'aria-hidden': 'true' });
    cells[1]?.append(element('span', { class: 'state' }, dot, stateText));
    texts[1] = stateText;

    const terminal = iconButton('terminal', 'terminal');
    const pause = iconButton('pause', 'pause');
    const release = iconButton('release', 'release');
    const weight = element('button', { type: 'button', class: 'link', tabindex: '-1' });
    const actions = element('td', { class: 'action-column', tabindex: '-1' });
    const weightAt = columns.findIndex(({ key }) => key === 'weight');
    if (first.session !== undefined) {
      actions.removeAttribute('tabindex');
      actions.append(terminal.button, pause.button, release.button);
      cells[weightAt]?.removeAttribute('tabindex');
      cells[weightAt]?.append(weight);
      texts[weightAt] = weight;
    }
    const onClick = (button: HTMLButtonElement, action: () => RowAction): void => {
      button.addEventListener('click', () => {
        act(action(), shown);
      });
    };
    onClick(terminal.button, () => 'focusTerminal');
    onClick(pause.button, () => (shown.session?.paused === true ? 'resume' : 'pause'));
    onClick(release.button, () => 'release');
    onClick(weight, () => 'weigh');

    return {
      root: element('tr', {}, ...cells, actions),
      update(row) {
        shown = row;
        for (const [index, { text, detail }] of columns.entries()) {
          const [cell, place] = [cells[index], texts[index]];
          if (cell === undefined || place === undefined) continue;
          setText(place, text(row));
          setAttribute(cell, 'title', detail(row));
        }
        const { session, agent, activity } = row;
        const root = actions.parentElement;
        if (root !== null && root.dataset['activity'] !== activity) root.dataset['activity'] = activity;
        if (session === undefined) return;
        terminal.button.hidden = !session.hasTerminal;
        pause.button.hidden = !session.steerable;
        weight.hidden = !session.steerable;
        setName(terminal.button, `Show the terminal of ${agent}`);
        setName(pause.button, session.paused ? `Resume ${agent}` : `Pause ${agent}: its requests wait`);
        setIcon(pause.sign, session.paused ? 'resume' : 'pause');
        setName(release.button, `Release the session of ${agent}`);
        setName(weight, `Weight of ${agent}: ${session.weight ?? 'its agent’s own'}. Change it`);
      },
    };
  };
}
