/** The rows of a grid, of which only some are on the page. */
export interface GridRows {
  count(): number;
  /** Rows that fit on one page. */
  pageSize(): number;
  /** Brings a row onto the page, and into view. @returns undefined when there is none. */
  reveal(index: number): HTMLElement | undefined;
  /** A row that is on the page now; -1 is the headings'. */
  rowAt(index: number): HTMLElement | undefined;
  indexOf(row: Element): number;
}

/**
 * The keyboard in a grid: one stop in the page's order of tabs, and arrows from cell to cell within. A cell with
 * buttons is as many stops as it has. Source: WAI-ARIA Authoring Practices, "Grid pattern".
 */
export class GridNavigation {
  readonly #root: HTMLElement;
  readonly #rows: GridRows;
  #row = -1;
  #stop = 0;
  #tabbable: HTMLElement | undefined;
  /** Kept beside the document's own, which forgets when what has it is taken away. */
  #hasFocus = false;

  /** @param root holds the grid, and the focus while the row that has it is scrolled out of the page. */
  constructor(root: HTMLElement, rows: GridRows) {
    this.#root = root;
    this.#rows = rows;
    root.addEventListener('keydown', (event) => {
      this.#pressed(event);
    });
    root.addEventListener('focusin', (event) => {
      this.#hasFocus = true;
      this.#focused(event.target);
    });
    root.addEventListener('focusout', (event) => {
      if (event.relatedTarget !== null || document.hasFocus()) this.#hasFocus = false;
    });
  }

  /** The row where the keyboard is; -1 for the headings and when it is not in the grid. */
  get row(): number {
    return this.#hasFocus ? this.#row : -1;
  }

  /** Puts the keyboard where it was last, at first on the headings. */
  enter(): void {
    if (this.#tabbable === undefined) this.#reset();
    this.#tabbable?.focus();
  }

  /** To be called before rows are taken away, with what `restore` needs. */
  hold(): () => void {
    const hadFocus = this.#hasFocus;
    const held = document.activeElement;
    return () => {
      this.#hasFocus = hadFocus;
      this.#restore(hadFocus, held);
    };
  }

  #restore(hadFocus: boolean, held: Element | null): void {
    if (held !== null && held !== this.#root && this.#root.contains(held)) {
      this.#focused(held);
      return;
    }
    this.#row = Math.min(this.#row, this.#rows.count() - 1);
    const row = this.#rows.rowAt(this.#row);
    const stop = row && this.#stopIn(row);
    if (stop !== undefined) this.#makeTabbable(stop);
    if (hadFocus) (stop ?? this.#root).focus({ preventScroll: true });
    else if (stop === undefined) this.#reset();
  }

  /** The way in from elsewhere is by the first heading when the last place is out of sight. */
  #reset(): void {
    this.#row = -1;
    this.#stop = 0;
    const headings = this.#rows.rowAt(-1);
    const first = headings && stopsOf(headings)[0];
    if (first !== undefined) this.#makeTabbable(first);
  }

  #focused(target: EventTarget | null): void {
    if (!(target instanceof HTMLElement)) return;
    const row = target.closest('tr');
    if (row === null) return;
    const stop = stopsOf(row).indexOf(target);
    if (stop === -1) return;
    this.#row = this.#rows.indexOf(row);
    this.#stop = stop;
    this.#makeTabbable(target);
  }

  #makeTabbable(stop: HTMLElement): void {
    if (this.#tabbable === stop) return;
    if (this.#tabbable !== undefined) this.#tabbable.tabIndex = -1;
    this.#tabbable = stop;
    stop.tabIndex = 0;
  }

  #pressed(event: KeyboardEvent): void {
    if (event.altKey || event.metaKey) return;
    const last = this.#rows.count() - 1;
    const pageSize = this.#rows.pageSize();
    const toRow: Partial<Record<string, number>> = {
      ArrowUp: this.#row - 1,
      ArrowDown: this.#row + 1,
      PageUp: Math.max(0, this.#row - pageSize),
      PageDown: this.#row + pageSize,
      ...(event.ctrlKey && { Home: -1, End: last }),
    };
    const row = toRow[event.key];
    const headings = this.#rows.rowAt(-1);
    const atHome = Math.min(last, Math.max(-1, row ?? this.#row));
    const found = atHome === -1 ? headings : this.#rows.reveal(atHome);
    if (found === undefined) return;
    const stops = stopsOf(found);
    const toStop: Partial<Record<string, number>> = {
      ArrowLeft: this.#stop - 1,
      ArrowRight: this.#stop + 1,
      Home: 0,
      End: stops.length - 1,
    };
    const stop = toStop[event.key];
    if (row === undefined && stop === undefined) return;
    event.preventDefault();
    const wanted = stops[Math.max(0, Math.min(stops.length - 1, stop ?? this.#stop))];
    wanted?.focus();
  }

  #stopIn(row: HTMLElement): HTMLElement | undefined {
    const stops = stopsOf(row);
    return stops[Math.min(this.#stop, stops.length - 1)];
  }
}

/** What of a row takes the focus, in order; cells that the page is too narrow for are left out. */
function stopsOf(row: HTMLElement): HTMLElement[] {
  return [...row.querySelectorAll<HTMLElement>('[tabindex]')].filter((stop) => stop.getClientRects().length > 0);
}
