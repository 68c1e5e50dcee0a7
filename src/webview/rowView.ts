import { type DashboardRow } from '../shared/dashboardMessages.ts';
import { element, setText } from './element.ts';
import { type ItemView } from './keyedList.ts';

/** One session, or one agent that waits for a slot. */
export function rowView(release: (sessionId: string) => void): (row: DashboardRow) => ItemView<DashboardRow> {
  return ({ id, kind }) => {
    const agent = element('th', { scope: 'row' });
    const state = element('span', { class: 'state-text' });
    const tokens = element('td', { class: 'number' });
    const requests = element('td', { class: 'number requests' });
    const age = element('td', { class: 'number age-column' });
    const workspace = element('td', { class: 'workspace' });
    const action = element('td', { class: 'action' });
    const button = element('button', { type: 'button', class: 'secondary' }, 'Release');
    if (kind === 'session') {
      button.addEventListener('click', () => {
        release(id);
      });
      action.append(button);
    }
    const dot = element('span', { class: 'dot', 'aria-hidden': 'true' });
    const stateCell = element('td', {}, element('span', { class: 'state' }, dot, state));
    const root = element('tr', {}, agent, stateCell, tokens, requests, age, workspace, action);
    return {
      root,
      update(row) {
        root.dataset['activity'] = row.activity;
        setText(agent, row.agent);
        agent.title = row.agent;
        setText(state, row.state);
        stateCell.title = row.state;
        setText(tokens, row.tokens);
        tokens.title = row.tokensDetail;
        setText(requests, row.requests);
        setText(age, row.age);
        setText(workspace, row.workspace);
        workspace.title = row.workspace;
        button.setAttribute('aria-label', `Release the session of ${row.agent}`);
      },
    };
  };
}
