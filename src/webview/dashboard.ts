import './jitless.ts';
import './knownLanguage.ts';
import { type FromDashboard, type ToDashboard, toDashboardSchema } from '../shared/dashboardMessages.ts';
import { firstViewId, freshFirstView } from '../shared/firstView.ts';
import { DashboardPage } from './dashboardPage.ts';
import { PageState } from './pageState.ts';
import { vscodeApi } from './vscodeApi.ts';

const longest = 2000;

function send(message: FromDashboard): void {
  vscodeApi.postMessage(message);
}

function failed(what: string): void {
  send({ type: 'failed', what: what.slice(0, longest) });
}

window.addEventListener('error', ({ message, filename, lineno }) => {
  failed(`${message} (${filename}:${lineno})`);
});
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile, lineNumber }) => {
  failed(`The page may not do what it wants: ${violatedDirective}, ${blockedURI} (${sourceFile}:${lineNumber})`);
});

/** Keeps where page and table are scrolled to, and brings them back there once they have their content. */
function keepScrolled(table: HTMLElement, state: PageState): () => void {
  const root = document.documentElement;
  const { pageTop, tableTop } = state;
  document.addEventListener('scroll', () => {
    state.change({ pageTop: root.scrollTop });
  });
  table.addEventListener('scroll', () => {
    state.change({ tableTop: table.scrollTop });
  });
  return () => {
    root.scrollTop = pageTop;
    table.scrollTop = tableTop;
  };
}

const root = document.getElementById('dashboard');
if (root !== null) {
  const state = new PageState();
  let page: DashboardPage | undefined;
  /** The first paint is the whole page, not a frame that is filled afterwards. */
  const begin = (first: ToDashboard): void => {
    page = new DashboardPage(root, state, send);
    const restore = keepScrolled(page.table, state);
    page.receive(first);
    restore();
  };
  window.addEventListener('message', (event: MessageEvent<unknown>) => {
    const message = toDashboardSchema.safeParse(event.data);
    if (!message.success) return;
    if (page !== undefined) page.receive(message.data);
    else if (message.data.type === 'show') begin(message.data);
  });
  const first = freshFirstView(document.getElementById(firstViewId)?.textContent ?? '', Date.now());
  if (first !== undefined) begin({ type: 'show', parts: first.parts, rows: first.rows });
  send({ type: 'ready', usage: state.usage });
}
