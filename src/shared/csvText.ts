/** What a cell of a table holds. */
export type Cell = string | number | undefined;

/**
 * A table as comma-separated values, with its columns' names as the first line. Source: RFC 4180. A text that a
 * spreadsheet would run as a formula gets an apostrophe in front, since agents' names are not the user's own, and one that
 * begins with an apostrophe another, so that the first one can be taken off again. Source: OWASP, "CSV Injection".
 */
export function csvText(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [columns, ...rows].map((row) => `${row.map(cellText).join(',')}\r\n`).join('');
}

function cellText(cell: Cell): string {
  if (typeof cell === 'number' || cell === undefined) return String(cell ?? '');
  const safe = /^['=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
