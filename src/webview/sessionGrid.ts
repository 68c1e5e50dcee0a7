import type { DashboardRow } from '../shared/dashboardParts.ts';
import type { Arrangement, SortKey } from './arrangement.ts';
import { element, setAttribute } from './element.ts';
import { GridNavigation } from './gridNavigation.ts';
import { KeyedList } from './keyedList.ts';
import { type ActOnRow, rowView } from './rowView.ts';
import { columns } from './sessionColumns.ts';

/** As in the style sheet, in pixels. */
const rowHeight = 30;
const headHeight = 30;
/** Rows above and below what is in view that are on the page, too, so that scrolling shows no gaps. */
const spare = 6;

/** The table of sessions. However many there are, only the rows in view are on the page. */
export class SessionGrid {
  /** Scrolls. */
  readonly root: HTMLElement;
  readonly #space = element('div', { class: 'grid-space' });
  readonly #table: HTMLTableElement;
  readonly #headings: HTMLTableRowElement;
  readonly #list: KeyedList<DashboardRow>;
  readonly #navigation: GridNavigation;
  #rows: readonly DashboardRow[] = [];

  /** @param sortBy called with the key of a heading that was chosen. */
  constructor(act: ActOnRow, sortBy: (key: SortKey) => void) {
    const headings = columns.map(({ key, heading, isNumber }) => {
      const button = element('button', { type: 'button', class: 'heading', tabindex: '-1' }, heading);
      button.addEventListener('click', () => {
        sortBy(key);
      });
      const cell = element('th', { scope: 'col', class: `${key}-column${isNumber ? ' number' : ''}` }, button);
      cell.dataset['key'] = key;
      return cell;
    });
    const actions = element(
      'th',
      { scope: 'col', class: 'action-column' },
      element('span', { class: 'spoken' }, 'Act'),
    );
    this.#headings = element('tr', { 'aria-rowindex': '1' }, ...headings, actions);
    const body = element('tbody');
    this.#table = element(
      'table',
      { role: 'grid', 'aria-label': 'Sessions' },
      element('thead', {}, this.#headings),
      body,
    );
    this.#space.append(this.#table);
    this.root = element('div', { class: 'grid', tabindex: '-1' }, this.#space);
    this.#list = new KeyedList(body, rowView(act));
    this.#navigation = new GridNavigation(this.root, this.#gridRows());
    this.root.addEventListener('keydown', (event) => {
      const row = this.#rows[this.#navigation.row];
      if (event.key === 'Delete' && row?.session !== undefined) act('release', row);
    });
    this.root.addEventListener('scroll', () => {
      this.#render();
    });
    new ResizeObserver(() => {
      this.#render();
    }).observe(this.root);
  }

  /** @param rows in their order. */
  show(rows: readonly DashboardRow[], { sortKey, descending }: Arrangement): void {
    this.#rows = rows;
    setAttribute(this.#table, 'aria-rowcount', String(rows.length + 1));
    for (const heading of this.#headings.querySelectorAll<HTMLElement>('[data-key]')) {
      const order = descending ? 'descending' : 'ascending';
      setAttribute(heading, 'aria-sort', heading.dataset['key'] === sortKey ? order : '');
    }
    this.#render();
  }

  focus(): void {
    this.#navigation.enter();
  }

  #render(): void {
    const restore = this.#navigation.hold();
    const first = Math.max(0, Math.floor(this.root.scrollTop / rowHeight) - spare);
    const end = Math.min(this.#rows.length, first + this.#pageSize() + 2 * spare + 1);
    const start = Math.max(0, Math.min(first, end - 1));
    const inView = this.#rows.slice(start, end);
    this.#space.style.paddingTop = `${start * rowHeight}px`;
    this.#space.style.paddingBottom = `${(this.#rows.length - end) * rowHeight}px`;
    this.#list.show(inView);
    for (const [index, { id }] of inView.entries()) {
      const row = this.#list.rootOf(id);
      if (row !== undefined) setAttribute(row, 'aria-rowindex', String(start + index + 2));
    }
    restore();
  }

  #pageSize(): number {
    // As high as a screen before it is laid out for the first time.
    return Math.ceil((this.root.clientHeight || window.innerHeight) / rowHeight);
  }

  #gridRows(): ConstructorParameters<typeof GridNavigation>[1] {
    const rowAt = (index: number): HTMLElement | undefined => {
      if (index === -1) return this.#headings;
      const row = this.#rows[index];
      return row && this.#list.rootOf(row.id);
    };
    return {
      count: (): number => this.#rows.length,
      pageSize: (): number => Math.max(1, Math.floor((this.root.clientHeight - headHeight) / rowHeight) - 1),
      reveal: (index) => {
        const top = index * rowHeight;
        const room = this.root.clientHeight - headHeight - rowHeight;
        if (top < this.root.scrollTop) this.root.scrollTop = top;
        else if (top > this.root.scrollTop + room) this.root.scrollTop = top - room;
        this.#render();
        return rowAt(index);
      },
      rowAt,
      indexOf: (row) => Number(row.getAttribute('aria-rowindex') ?? 1) - 2,
    };
  }
}
