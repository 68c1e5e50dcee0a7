import { formatCount, formatCountdown, formatPercentage } from '../shared/amounts.ts';
import type { StatusAnswer } from '../shared/launcherAnswers.ts';
import { ownAmount, summarizeLimit } from '../shared/limitSummary.ts';
import { shareBar } from '../shared/shareBar.ts';
import { planName } from '../shared/planName.ts';
import { clockTime } from './clockTime.ts';
import { levelFormats, markedFromPercent } from './levels.ts';
import type { Look } from './look.ts';
import { printable } from './printable.ts';
import { type Cell, type Column, renderTable } from './table.ts';

/** There only where machines share the quota. */
const ownColumn: Column = { title: 'THIS MACHINE', leftOut: 4 };

const columns: readonly Column[] = [
  { title: 'LIMIT', least: 28 },
  { title: '', leftOut: 3 },
  { title: 'USED', align: 'right' },
  { title: 'AMOUNT', leftOut: 5 },
  ownColumn,
  { title: 'LEFT', align: 'right' },
  { title: 'RESETS', leftOut: 6 },
  { title: 'AT', leftOut: 2 },
  { title: 'SOURCE', leftOut: 1 },
];

/** What `agent-quota quota` prints: each limit, what is used and left of it, and when it is whole again. */
export function quotaText(status: StatusAnswer, look: Look): string {
  const { plan, at, limits, pausedUntil, pausedModels, usedToday } = status;
  const remarks = [`${formatCount(usedToday.total)} tokens used today, cache reads included.`];
  if (pausedUntil !== undefined && pausedUntil > at) remarks.push(pauseText('requests', pausedUntil - at));
  for (const { models, until } of pausedModels)
    remarks.push(pauseText(`requests for ${printable(models)}`, until - at));
  const isShared = limits.some(({ own }) => own !== undefined);
  const table = renderTable(
    isShared ? columns : columns.filter((column) => column !== ownColumn),
    limits.map((limit) => limitCells(limit, isShared, at)),
    look,
  );
  return `Plan: ${planName(plan.kind)}\n\n${table}\n${remarks.join('\n')}\n`;
}

function limitCells(limit: StatusAnswer['limits'][number], isShared: boolean, at: number): Cell[] {
  const { label, share, level, source } = summarizeLimit(limit, markedFromPercent, at);
  const paint = (text: string): Cell => (level === 'normal' ? text : { text, format: levelFormats[level] });
  const window = limit.dimension === 'fiveHour' || limit.dimension === 'sevenDay';
  const resetsAt = limit.resetsAt !== undefined && limit.resetsAt > at ? limit.resetsAt : undefined;
  return [
    label,
    paint(shareBar(limit.percentage)),
    paint(share),
    window ? '' : `${formatCount(limit.used)} of ${formatCount(limit.limit)}`,
    ...(isShared ? [limit.own === undefined ? '' : ownAmount(limit.own)] : []),
    window ? formatPercentage(100 - limit.percentage) : formatCount(limit.remaining),
    resetsAt === undefined ? '' : `in ${formatCountdown(resetsAt - at)}`,
    resetsAt === undefined ? '' : clockTime(resetsAt, at),
    source,
  ];
}

function pauseText(what: string, ms: number): string {
  return `The upstream asked for a pause: ${what} go on in ${formatCountdown(ms)}.`;
}
