import type { FromDashboard, ToDashboard } from '../shared/dashboardMessages.ts';
import type { DashboardEvent, DashboardGauge, DashboardNote } from '../shared/dashboardParts.ts';
import { Announcer } from './announcer.ts';
import { button } from './button.ts';
import { element, setText } from './element.ts';
import { eventView } from './eventView.ts';
import { gaugeView } from './gaugeView.ts';
import { KeyedList } from './keyedList.ts';
import { noteView } from './noteView.ts';
import type { PageState } from './pageState.ts';
import type { RowAction } from './rowView.ts';
import { SessionsSection } from './sessionsSection.ts';
import { UsageSection } from './usageSection.ts';

type ChangedParts = Extract<ToDashboard, { type: 'change' }>['parts'];

/** The whole page: built once, then kept up to date. */
export class DashboardPage {
  readonly #root: HTMLElement;
  readonly #announcer = new Announcer();
  readonly #summary = element('p', { class: 'quiet' });
  readonly #notes: KeyedList<DashboardNote>;
  readonly #gauges: KeyedList<DashboardGauge>;
  readonly #events: KeyedList<DashboardEvent>;
  readonly #eventsSection: HTMLElement;
  readonly #sessions: SessionsSection;
  readonly #usage: UsageSection;
  #knownNotes: ReadonlySet<string> = new Set();

  constructor(root: HTMLElement, state: PageState, send: (message: FromDashboard) => void) {
    this.#root = root;
    const [notes, gauges, events] = [
      element('ul', { class: 'notes', 'aria-label': 'Problems' }),
      element('ul', { class: 'gauges', 'aria-label': 'Limits' }),
      element('ul', { class: 'events', tabindex: '0', 'aria-labelledby': 'events-heading' }),
    ];
    this.#notes = new KeyedList(notes, noteView);
    this.#gauges = new KeyedList(gauges, gaugeView);
    this.#events = new KeyedList(events, eventView);
    this.#sessions = new SessionsSection(state.arrangement, {
      announcer: this.#announcer,
      act: (action: RowAction, { id }) => {
        send({ type: action, sessionId: id });
      },
      exportRows: (format, ids) => {
        send({ type: 'exportSessions', format, ids: [...ids] });
      },
      arranged: (arrangement) => {
        state.change({ arrangement });
      },
    });
    this.#usage = new UsageSection(state.usage, {
      asked: (usage) => {
        state.change({ usage });
        send({ type: 'showUsage', usage });
      },
      exportUsage: (format) => {
        send({ type: 'exportUsage', format });
      },
    });
    this.#eventsSection = element(
      'section',
      { 'aria-labelledby': 'events-heading' },
      element('h2', { id: 'events-heading' }, 'Recent events'),
      events,
    );
    const toSessions = element('a', { href: '#sessions-heading', class: 'skip' }, 'Skip to the sessions');
    toSessions.addEventListener('click', (event) => {
      event.preventDefault();
      this.#sessions.focus();
    });
    root.append(
      toSessions,
      header(this.#summary, send),
      notes,
      gauges,
      this.#sessions.root,
      this.#usage.root,
      this.#eventsSection,
      this.#announcer.root,
    );
  }

  get table(): HTMLElement {
    return this.#sessions.grid.root;
  }

  receive(message: ToDashboard): void {
    switch (message.type) {
      case 'show':
        this.#show(message.parts);
        this.#sessions.replace(message.rows);
        return;
      case 'change':
        this.#show(message.parts);
        if (message.rows.length > 0 || message.gone.length > 0) this.#sessions.change(message.rows, message.gone);
        return;
      case 'usage':
        this.#usage.show(message.view);
        return;
      case 'usageTotals':
        this.#usage.showTotals(message.totals);
        return;
      case 'say':
        this.#announcer.say(message.text);
        return;
    }
  }

  #show({ summary, notes, gauges, events, live }: ChangedParts): void {
    if (live !== undefined) this.#root.classList.toggle('old', !live);
    if (summary !== undefined) setText(this.#summary, summary);
    if (notes !== undefined) this.#showNotes(notes);
    if (gauges !== undefined) this.#gauges.show(gauges);
    if (events === undefined) return;
    this.#events.show(events);
    this.#eventsSection.hidden = events.length === 0;
  }

  /** Each problem is read aloud when it comes up, and not again while its countdown runs. */
  #showNotes(notes: readonly DashboardNote[]): void {
    this.#notes.show(notes);
    const fresh = notes.filter(({ id, level }) => level !== 'information' && !this.#knownNotes.has(id));
    this.#knownNotes = new Set(notes.map(({ id }) => id));
    if (fresh.length > 0) this.#announcer.say(fresh.map(({ message, nextStep }) => `${message} ${nextStep}`).join(' '));
  }
}

function header(summary: HTMLElement, send: (message: FromDashboard) => void): HTMLElement {
  const actions = element(
    'div',
    { class: 'actions' },
    button('New Agent Terminal', 'primary', () => {
      send({ type: 'newAgentTerminal' });
    }),
    button('Test Authentication', 'secondary', () => {
      send({ type: 'testAuthentication' });
    }),
    button('Show Log', 'secondary', () => {
      send({ type: 'showLog' });
    }),
  );
  return element('header', {}, element('div', {}, element('h1', {}, 'Agent Quota'), summary), actions);
}
