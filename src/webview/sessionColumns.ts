import { formatCount, formatNumberOf } from '../shared/amounts.ts';
import type { DashboardFigures, DashboardRow } from '../shared/dashboardParts.ts';
import type { SortKey } from './arrangement.ts';

/** One column of texts. */
export interface Column {
  readonly key: SortKey;
  readonly heading: string;
  readonly isNumber: boolean;
  readonly text: (row: DashboardRow) => string;
  /** More about it, shown when the pointer rests on it; empty for nothing. */
  readonly detail: (row: DashboardRow) => string;
}

function words(key: SortKey, heading: string, text: Column['text'], detail = text): Column {
  return { key, heading, isNumber: false, text, detail };
}

function numbers(
  key: SortKey,
  heading: string,
  text: (figures: DashboardFigures) => string,
  detail: (figures: DashboardFigures) => string = () => '',
): Column {
  const ofSession =
    (say: (figures: DashboardFigures) => string) =>
    ({ session }: DashboardRow): string =>
      session === undefined ? '' : say(session.figures);
  return { key, heading, isNumber: true, text: ofSession(text), detail: ofSession(detail) };
}

const cacheDetail = ({ cacheRead, cacheWrite }: DashboardFigures): string =>
  `${formatCount(cacheRead)} read from the cache, ${formatCount(cacheWrite)} written to it`;

/** The agent, what it does, and what it has used; the column of buttons follows. */
export const columns: readonly [Column, Column, ...Column[]] = [
  words('agent', 'Agent', ({ agent }) => agent),
  words('state', 'State', ({ state }) => state),
  words('model', 'Model', ({ model }) => model),
  numbers('input', 'In', ({ input }) => formatCount(input)),
  numbers('output', 'Out', ({ output }) => formatCount(output)),
  numbers('cache', 'Cache', ({ cacheRead, cacheWrite }) => formatCount(cacheRead + cacheWrite), cacheDetail),
  numbers(
    'tokens',
    'Tokens',
    ({ tokens }) => formatCount(tokens),
    (figures) =>
      `${formatCount(figures.input)} in, ${formatCount(figures.output)} out, ${cacheDetail(figures)}; ` +
      `${formatNumberOf(figures.requests, 'request')} answered`,
  ),
  numbers('rate', 'Per min', ({ rate }) => (rate < 0.5 ? '0' : formatCount(rate))),
  numbers('waiting', 'Waiting', ({ waiting }) => String(waiting)),
  numbers(
    'cost',
    'Cost',
    ({ cost }) => cost?.text ?? '',
    ({ cost }) => cost?.detail ?? '',
  ),
  {
    key: 'weight',
    heading: 'Weight',
    isNumber: true,
    text: ({ session }) => (session === undefined ? '' : String(session.weight ?? 'auto')),
    detail: () => '',
  },
  { key: 'age', heading: 'Age', isNumber: true, text: ({ age }) => age, detail: () => '' },
  words('workspace', 'Workspace', ({ workspace }) => workspace),
];
