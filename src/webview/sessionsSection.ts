import { activities } from '../shared/sessionActivity.ts';
import { formatNumberOf } from '../shared/amounts.ts';
import type { ExportFormat } from '../shared/dashboardMessages.ts';
import type { DashboardRow } from '../shared/dashboardParts.ts';
import { ActionOutcomes } from './actionOutcomes.ts';
import type { Announcer } from './announcer.ts';
import { arrange, type Arrangement, type SortKey } from './arrangement.ts';
import { button } from './button.ts';
import { element, setText } from './element.ts';
import type { ActOnRow } from './rowView.ts';
import { columns } from './sessionColumns.ts';
import { SessionGrid } from './sessionGrid.ts';

export interface SessionsSectionParts {
  readonly announcer: Announcer;
  readonly act: ActOnRow;
  /** @param ids the rows that are shown, in their order. */
  readonly exportRows: (format: ExportFormat, ids: readonly string[]) => void;
  /** The user has arranged the rows otherwise. */
  readonly arranged: (arrangement: Arrangement) => void;
}

/** The sessions, and what arranges them. */
export class SessionsSection {
  readonly root: HTMLElement;
  readonly grid: SessionGrid;
  readonly #parts: SessionsSectionParts;
  readonly #outcomes: ActionOutcomes;
  readonly #count = element('span', { class: 'quiet count' });
  readonly #empty = element('p', { class: 'empty' });
  readonly #heading = element('h2', { id: 'sessions-heading', tabindex: '-1' }, 'Sessions');
  readonly #tools: HTMLElement;
  readonly #rows = new Map<string, DashboardRow>();
  #arrangement: Arrangement;
  #shown: readonly DashboardRow[] = [];

  constructor(arrangement: Arrangement, parts: SessionsSectionParts) {
    this.#arrangement = arrangement;
    this.#parts = parts;
    this.#outcomes = new ActionOutcomes(parts.announcer);
    const act: ActOnRow = (action, row) => {
      this.#outcomes.await(action, row);
      parts.act(action, row);
    };
    this.grid = new SessionGrid(act, (key) => {
      this.#sortBy(key);
    });
    const exporting = (format: ExportFormat) => () => {
      parts.exportRows(
        format,
        this.#shown.map(({ id }) => id),
      );
    };
    this.#tools = element(
      'div',
      { class: 'tools' },
      this.#filterInput(),
      this.#activitySelect(),
      this.#count,
      element('span', { class: 'gap' }),
      button('Export CSV', 'secondary', exporting('csv')),
      button('Export JSON', 'secondary', exporting('json')),
    );
    this.root = element(
      'section',
      { 'aria-labelledby': 'sessions-heading' },
      this.#heading,
      this.#tools,
      this.#empty,
      this.grid.root,
    );
  }

  /** All rows anew. */
  replace(rows: readonly DashboardRow[]): void {
    this.#rows.clear();
    this.change(rows, []);
  }

  /** @param rows that are new or other. @param gone ids. */
  change(rows: readonly DashboardRow[], gone: readonly string[]): void {
    for (const id of gone) this.#rows.delete(id);
    for (const row of rows) this.#rows.set(row.id, row);
    this.#outcomes.look(this.#rows);
    this.#show();
  }

  /** Puts the keyboard into the table, or before it when it is empty. */
  focus(): void {
    if (this.#shown.length > 0) this.grid.focus();
    else this.#heading.focus();
  }

  #filterInput(): HTMLElement {
    const input = element('input', {
      type: 'search',
      placeholder: 'Filter sessions',
      'aria-label': 'Filter sessions by agent, model, workspace or state',
      title: 'By agent, model, workspace or state',
      class: 'filter',
    });
    input.value = this.#arrangement.words;
    input.addEventListener('input', () => {
      this.#arrange({ words: input.value });
      this.#parts.announcer.say(`${this.#shown.length} of ${this.#rows.size} sessions shown`);
    });
    return input;
  }

  #activitySelect(): HTMLElement {
    const options = activities.filter((activity) => activity !== 'ended');
    const select = element(
      'select',
      { 'aria-label': 'State of the sessions shown' },
      element('option', { value: '' }, 'All states'),
      ...options.map((activity) => element('option', { value: activity }, sentence(activity))),
    );
    select.value = this.#arrangement.activity;
    select.addEventListener('change', () => {
      this.#arrange({ activity: select.value });
      this.#parts.announcer.say(`${this.#shown.length} of ${this.#rows.size} sessions shown`);
    });
    return select;
  }

  /** Once more turns the order round. Of texts the first comes first, of numbers the largest. */
  #sortBy(sortKey: SortKey): void {
    const column = columns.find(({ key }) => key === sortKey);
    const isSame = this.#arrangement.sortKey === sortKey;
    const descending = isSame ? !this.#arrangement.descending : column?.isNumber === true;
    this.#arrange({ sortKey, descending });
    const order = descending ? 'descending' : 'ascending';
    this.#parts.announcer.say(`Sorted by ${column?.heading.toLowerCase() ?? sortKey}, ${order}`);
  }

  #arrange(changes: Partial<Arrangement>): void {
    this.#arrangement = { ...this.#arrangement, ...changes };
    this.#parts.arranged(this.#arrangement);
    this.#show();
  }

  #show(): void {
    this.#shown = arrange(this.#rows.values(), this.#arrangement);
    const [shown, all] = [this.#shown.length, this.#rows.size];
    const sessions = formatNumberOf(all, 'session');
    setText(this.#count, shown === all ? sessions : `${shown} of ${sessions}`);
    setText(
      this.#empty,
      all === 0 ? 'No agent is running. New Agent Terminal starts one.' : 'No session matches the filter.',
    );
    this.#empty.hidden = shown > 0;
    this.#tools.hidden = all === 0;
    this.grid.root.hidden = shown === 0;
    this.grid.show(this.#shown, this.#arrangement);
  }
}

function sentence(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
