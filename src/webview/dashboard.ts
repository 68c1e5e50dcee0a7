import './jitless.ts';
import { type DashboardView, type FromDashboard, toDashboardSchema } from '../shared/dashboardMessages.ts';
import { element, setText } from './element.ts';
import { gaugeView } from './gaugeView.ts';
import { KeyedList } from './keyedList.ts';
import { noteView } from './noteView.ts';
import { rowView } from './rowView.ts';
import { keepScrollPosition } from './scrollPosition.ts';
import { vscodeApi } from './vscodeApi.ts';

function send(message: FromDashboard): void {
  vscodeApi.postMessage(message);
}

function action(text: string, message: FromDashboard, style: 'primary' | 'secondary'): HTMLButtonElement {
  const button = element('button', { type: 'button', class: style }, text);
  button.addEventListener('click', () => {
    send(message);
  });
  return button;
}

const columns = [
  ['Agent', ''],
  ['State', 'state-column'],
  ['Tokens', 'number'],
  ['Requests', 'number requests'],
  ['Age', 'number age-column'],
  ['Workspace', 'workspace'],
] as const;

/** Builds the page once. @returns what brings it up to date. */
function buildPage(page: HTMLElement): (view: DashboardView) => void {
  const summary = element('p', { class: 'quiet' });
  const notes = element('ul', { class: 'notes', role: 'status', 'aria-label': 'Problems' });
  const gauges = element('ul', { class: 'gauges', 'aria-label': 'Limits' });
  const body = element('tbody');
  const headings = columns.map(([name, style]) => element('th', { scope: 'col', class: style }, name));
  const actionHeading = element('th', { scope: 'col', class: 'action', 'aria-label': 'Release' });
  const head = element('thead', {}, element('tr', {}, ...headings, actionHeading));
  const table = element('table', { 'aria-label': 'Sessions' }, head, body);
  const empty = element('p', { class: 'empty' }, 'No agent is running. New Agent Terminal starts one.');
  const sessions = element('section', {}, element('h2', {}, 'Sessions'), empty, table);
  const actions = element(
    'div',
    { class: 'actions' },
    action('New Agent Terminal', { type: 'newAgentTerminal' }, 'primary'),
    action('Test Authentication', { type: 'testAuthentication' }, 'secondary'),
    action('Show Log', { type: 'showLog' }, 'secondary'),
  );
  page.append(
    element('header', {}, element('div', {}, element('h1', {}, 'Agent Quota'), summary), actions),
    notes,
    gauges,
    sessions,
  );
  const noteList = new KeyedList(notes, noteView);
  const gaugeList = new KeyedList(gauges, gaugeView);
  const rowList = new KeyedList(
    body,
    rowView((sessionId) => {
      send({ type: 'release', sessionId });
    }),
  );
  return (view) => {
    page.classList.toggle('old', !view.live);
    setText(summary, view.summary);
    noteList.show(view.notes);
    gaugeList.show(view.gauges);
    rowList.show(view.rows);
    sessions.hidden = view.rows.length === 0 && !view.live;
    empty.hidden = view.rows.length > 0;
    table.hidden = view.rows.length === 0;
  };
}

const page = document.getElementById('dashboard');
if (page !== null) {
  const update = buildPage(page);
  const restoreScroll = keepScrollPosition();
  window.addEventListener('message', (event) => {
    const message = toDashboardSchema.safeParse(event.data);
    if (!message.success) return;
    update(message.data.view);
    restoreScroll();
  });
  send({ type: 'ready' });
}
