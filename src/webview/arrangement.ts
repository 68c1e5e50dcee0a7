import * as z from 'zod/mini';
import type { DashboardRow } from '../shared/dashboardParts.ts';
import { matchesWords } from '../shared/wordFilter.ts';

/** What the table can be sorted by. */
export const sortKeys = [
  'agent',
  'state',
  'model',
  'input',
  'output',
  'cache',
  'tokens',
  'rate',
  'waiting',
  'cost',
  'weight',
  'age',
  'workspace',
] as const;
export type SortKey = (typeof sortKeys)[number];

export const arrangementSchema = z.object({
  sortKey: z.enum(sortKeys),
  descending: z.boolean(),
  /** Words that each have to be found in a row. */
  words: z.string(),
  /** Only rows of this activity; empty for all. */
  activity: z.string(),
});
/** Which rows are shown, and in which order. */
export type Arrangement = z.infer<typeof arrangementSchema>;

/** As the tree has them: the oldest first. */
export const firstArrangement: Arrangement = { sortKey: 'age', descending: true, words: '', activity: '' };

const texts = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** The order in which states are told: what works and what holds things up before what is at rest. */
const activityOrder = [
  'working',
  'waiting',
  'paused',
  'failing',
  'ready',
  'idle',
  'unauthenticated',
  'ended',
] satisfies DashboardRow['activity'][];

/** A row's value in a column; undefined where it has none. */
function valueOf({ session, ...row }: DashboardRow, key: SortKey): string | number | undefined {
  switch (key) {
    case 'agent':
    case 'model':
    case 'workspace':
      return row[key] === '' ? undefined : row[key];
    case 'state':
      return activityOrder.indexOf(row.activity);
    case 'age':
      return -row.since;
    case 'cache':
      return session && session.figures.cacheRead + session.figures.cacheWrite;
    case 'cost':
      return session?.figures.cost?.usd;
    case 'weight':
      return session && (session.weight ?? 1);
    case 'input':
    case 'output':
    case 'tokens':
    case 'rate':
    case 'waiting':
      return session?.figures[key];
  }
}

/** Without a value comes last, either way; equals stay the oldest first, or as they came: in the order of the tree. */
function compare(a: DashboardRow, b: DashboardRow, { sortKey, descending }: Arrangement): number {
  const [left, right] = [valueOf(a, sortKey), valueOf(b, sortKey)];
  if (left === undefined || right === undefined) {
    if (left !== right) return left === undefined ? 1 : -1;
  } else {
    const order =
      typeof left === 'string' || typeof right === 'string' ? texts.compare(String(left), String(right)) : left - right;
    if (order !== 0) return descending ? -order : order;
  }
  return a.since - b.since;
}

/** The rows that an arrangement shows, in its order. */
export function arrange(rows: Iterable<DashboardRow>, arrangement: Arrangement): DashboardRow[] {
  const shown = [...rows].filter(
    ({ activity, agent, model, workspace, state, id }) =>
      (arrangement.activity === '' || activity === arrangement.activity) &&
      matchesWords(arrangement.words, { texts: [agent, model, workspace, state], ids: [id] }),
  );
  return shown.sort((a, b) => compare(a, b, arrangement));
}
