import type { ToDashboard } from '../shared/dashboardMessages.ts';
import type { DashboardParts, DashboardRow } from '../shared/dashboardParts.ts';
import type { DashboardView } from './dashboardView.ts';

type Change = Extract<ToDashboard, { type: 'change' }>;

/** What a page knows already, so that it is sent only what it does not. */
export class DashboardChanges {
  #parts: ReadonlyMap<string, string> | undefined;
  #rows = new Map<string, string>();

  /** The page knows nothing (any more). */
  forget(): void {
    this.#parts = undefined;
    this.#rows.clear();
  }

  /** @returns what brings the page up to date; undefined when it is. */
  take({ parts, rows }: DashboardView): ToDashboard | undefined {
    const known = this.#parts;
    this.#parts = new Map(Object.entries(parts).map(([name, part]) => [name, JSON.stringify(part)]));
    const changedRows = this.#takeRows(rows);
    const here = new Set(rows.map(({ id }) => id));
    const gone = [...this.#rows.keys()].filter((id) => !here.has(id));
    for (const id of gone) this.#rows.delete(id);
    if (known === undefined) return { type: 'show', parts, rows: [...rows] };
    const changedParts = this.#changedParts(parts, known);
    if (changedRows.length === 0 && gone.length === 0 && Object.keys(changedParts).length === 0) return undefined;
    return { type: 'change', parts: changedParts, rows: changedRows, gone };
  }

  #takeRows(rows: readonly DashboardRow[]): DashboardRow[] {
    return rows.filter((row) => {
      const text = JSON.stringify(row);
      if (this.#rows.get(row.id) === text) return false;
      this.#rows.set(row.id, text);
      return true;
    });
  }

  #changedParts(parts: DashboardParts, known: ReadonlyMap<string, string>): Change['parts'] {
    const isNew = (name: keyof DashboardParts): boolean => this.#parts?.get(name) !== known.get(name);
    return {
      ...(isNew('summary') && { summary: parts.summary }),
      ...(isNew('notes') && { notes: parts.notes }),
      ...(isNew('gauges') && { gauges: parts.gauges }),
      ...(isNew('events') && { events: parts.events }),
      ...(isNew('live') && { live: parts.live }),
    };
  }
}
