import type { SessionTree, TreeRow } from './sessionTree.ts';

/**
 * The rows to be drawn anew: those that look different, and those that have others under them than before.
 * @param drawn rows that may be on screen; others need no drawing.
 * @returns `all` when the top rows are others.
 */
export function changedRows(before: SessionTree, after: SessionTree, drawn: ReadonlySet<string>): 'all' | string[] {
  if (!sameList(before.top, after.top)) return 'all';
  return [...drawn].filter((id) => {
    const [old, row] = [before.rows.get(id), after.rows.get(id)];
    // One that is gone was under another, which has other rows under it now.
    return old !== undefined && row !== undefined && !sameRow(old, row);
  });
}

function sameRow(a: TreeRow, b: TreeRow): boolean {
  return (
    a.label === b.label &&
    a.description === b.description &&
    a.mark === b.mark &&
    a.parent === b.parent &&
    sameList(a.flags, b.flags) &&
    sameList(a.children, b.children)
  );
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
