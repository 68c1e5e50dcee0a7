import stringWidth from 'string-width';
import type { Look } from './look.ts';
import type { Paint } from './paint.ts';
import { printable } from './printable.ts';

/** A column of a table. */
export interface Column {
  readonly title: string;
  readonly align?: 'right';
  /** Where the terminal is narrow, longer texts are cut to no less than this width. */
  readonly least?: number;
  /** Where it is narrower still, columns are left out, the lowest number first; absent: never. */
  readonly leftOut?: number;
}

/** A text, and the format that it is shown in. */
export type Cell = string | { readonly text: string; readonly format: Parameters<Paint>[0] };

const gap = '  ';
const segmenter = new Intl.Segmenter();

/**
 * Sets rows in aligned columns, each line ended. Widths are those of a terminal: a wide character takes two places, a
 * combining one none.
 * @param rows each with a cell for each column; cells that are missing are empty.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  { paint, columns: room = Infinity }: Look,
): string {
  const lines = [columns.map(({ title }): Cell => ({ text: title, format: 'dim' })), ...rows];
  const texts = lines.map((cells) => columns.map((_, index) => printableCell(cells[index] ?? '')));
  const widths = columns.map((_, index) => Math.max(...texts.map((cells) => stringWidth(cells[index]?.text ?? ''))));
  const fitted = fit(columns, widths, room);
  return texts
    .map((cells) => {
      const shown = [...fitted].map(([index, width]) => {
        const { text = '', format } = cells[index] ?? {};
        const cut = cutToWidth(text, width);
        const space = ' '.repeat(Math.max(0, width - stringWidth(cut)));
        const painted = format === undefined || cut === '' ? cut : paint(format, cut);
        return columns[index]?.align === 'right' ? space + painted : painted + space;
      });
      return `${shown.join(gap).trimEnd()}\n`;
    })
    .join('');
}

/** The start of a text, with an ellipsis where it is not all of it. */
export function cutToWidth(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let cut = '';
  let used = 1;
  for (const { segment } of segmenter.segment(text)) {
    used += stringWidth(segment);
    if (used > width) break;
    cut += segment;
  }
  return `${cut}…`;
}

function printableCell(cell: Cell): { readonly text: string; readonly format?: Parameters<Paint>[0] } {
  // Spaces before a text are its place in a tree.
  const clean = (text: string): string => (/^ */.exec(text)?.[0] ?? '') + printable(text);
  return typeof cell === 'string' ? { text: clean(cell) } : { text: clean(cell.text), format: cell.format };
}

/** @returns the width of each column that is shown, by its place among all. */
function fit(columns: readonly Column[], widths: readonly number[], room: number): ReadonlyMap<number, number> {
  const shown = new Map(widths.entries());
  const leastWidth = (index: number): number => Math.min(widths[index] ?? 0, columns[index]?.least ?? Infinity);
  const total = (widthOf: (index: number) => number): number =>
    [...shown.keys()].reduce((sum, index) => sum + widthOf(index), gap.length * Math.max(0, shown.size - 1));
  const order = [...columns.entries()]
    .filter(([, { leftOut }]) => leftOut !== undefined)
    .sort(([, a], [, b]) => (a.leftOut ?? 0) - (b.leftOut ?? 0));
  for (const [index] of order) {
    if (total(leastWidth) <= room) break;
    shown.delete(index);
  }
  for (let over = total((index) => shown.get(index) ?? 0) - room; over > 0 && over !== Infinity; over -= 1) {
    const widest = widestAbove(shown, leastWidth);
    if (widest === undefined) break;
    shown.set(widest, (shown.get(widest) ?? 0) - 1);
  }
  return shown;
}

/** The widest column that may be narrower. */
function widestAbove(shown: ReadonlyMap<number, number>, least: (index: number) => number): number | undefined {
  let widest: number | undefined;
  for (const [index, width] of shown) {
    if (width > least(index) && width > (widest === undefined ? 0 : (shown.get(widest) ?? 0))) widest = index;
  }
  return widest;
}
