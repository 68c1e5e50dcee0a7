import { formatAge, formatCount, formatNumberOf } from '../shared/amounts.ts';
import type { SessionAnswer, StatusAnswer, SubagentAnswer, TokensAnswer } from '../shared/launcherAnswers.ts';
import { type Activity, sessionActivity } from '../shared/sessionActivity.ts';
import { subagentsByParent } from '../shared/subagentsByParent.ts';
import type { Look } from './look.ts';
import type { Paint } from './paint.ts';
import { printable } from './printable.ts';
import { shortIds } from './shortIds.ts';
import { type Cell, type Column, renderTable } from './table.ts';

const columns: readonly Column[] = [
  { title: 'ID' },
  { title: 'AGENT', least: 12 },
  { title: 'STATE' },
  { title: 'MODE', leftOut: 1 },
  { title: 'WORKSPACE', least: 8, leftOut: 2 },
  { title: 'REQS', align: 'right', leftOut: 5 },
  { title: 'IN', align: 'right', leftOut: 7 },
  { title: 'OUT', align: 'right', leftOut: 8 },
  { title: 'CACHE', align: 'right', leftOut: 4 },
  { title: 'WAIT', align: 'right', leftOut: 3 },
  { title: 'AGE', leftOut: 6 },
];

const formats: Readonly<Partial<Record<Activity, Parameters<Paint>[0]>>> = {
  working: 'green',
  waiting: 'yellow',
  paused: 'yellow',
  unauthenticated: 'yellow',
  idle: 'dim',
  ended: 'dim',
};

/** What `agent-quota sessions` prints: live sessions with their subagents, and who waits for a slot. */
export function sessionsText({ sessions, line, at }: StatusAnswer, look: Look): string {
  const waiting = waitingText(line, at);
  if (sessions.length === 0) return `No agent has a session. Start one with agent-quota run -- claude\n${waiting}`;
  const ids = shortIds(sessions.map(({ sessionId }) => sessionId));
  const rows = sessions.flatMap((session) => [
    sessionCells(session, ids.get(session.sessionId) ?? session.sessionId, at),
    ...subagentRows(session, at),
    ...leftOutRow(session),
  ]);
  return renderTable(columns, rows, look) + (waiting === '' ? '' : `\n${waiting}`);
}

/** Those that may be meant, with as much of their ids as tells them apart. */
export function candidatesText(sessions: readonly SessionAnswer[], look: Look): string {
  const ids = shortIds(sessions.map(({ sessionId }) => sessionId));
  const shown: readonly Column[] = [
    { title: 'ID' },
    { title: 'AGENT', least: 12 },
    { title: 'STATE' },
    { title: 'WORKSPACE', least: 8, leftOut: 1 },
  ];
  const rows = sessions.map((session) => [
    ids.get(session.sessionId) ?? session.sessionId,
    session.agentId,
    stateCell(session),
    session.workspace,
  ]);
  return renderTable(shown, rows, look);
}

function sessionCells(session: SessionAnswer, id: string, at: number): Cell[] {
  return [
    id,
    session.agentId,
    stateCell(session),
    session.mode,
    session.workspace,
    formatCount(session.requests),
    ...tokenCells(session.tokens),
    session.waitingRequests === 0 ? '' : formatCount(session.waitingRequests),
    formatAge(at - session.createdAt),
  ];
}

function stateCell(session: SessionAnswer): Cell {
  const text = sessionActivity(session);
  const format = formats[text];
  return format === undefined ? text : { text, format };
}

/** Each under the one that started it. */
function subagentRows({ subagents }: SessionAnswer, at: number): Cell[][] {
  const started = subagentsByParent(subagents);
  const rows: Cell[][] = [];
  const open: { subagent: SubagentAnswer; level: number }[] = [];
  const push = (parent: string | undefined, level: number): void => {
    open.push(...(started.get(parent) ?? []).map((subagent) => ({ subagent, level })).reverse());
  };
  push(undefined, 0);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    rows.push(subagentCells(next.subagent, next.level, at));
    push(next.subagent.subagentId, next.level + 1);
  }
  return rows;
}

/** Levels below it are not set in further. */
const deepest = 8;

function subagentCells(
  { subagentId, requests, tokens, lastActivityAt }: SubagentAnswer,
  level: number,
  at: number,
): Cell[] {
  const name = `${'  '.repeat(Math.min(level, deepest))}└ ${subagentId}`;
  const last = `${formatAge(at - lastActivityAt)} ago`;
  return [
    '',
    name,
    { text: 'subagent', format: 'dim' },
    '',
    '',
    formatCount(requests),
    ...tokenCells(tokens),
    '',
    last,
  ];
}

function leftOutRow({ subagentsLeftOut }: SessionAnswer): Cell[][] {
  if (subagentsLeftOut === 0) return [];
  return [['', { text: `└ ${formatNumberOf(subagentsLeftOut, 'older subagent')} not shown`, format: 'dim' }]];
}

/** In, out and cache (read or written); none of them includes another. */
function tokenCells({ input, output, cacheRead, cacheWrite5m, cacheWrite1h }: TokensAnswer): string[] {
  return [formatCount(input), formatCount(output), formatCount(cacheRead + cacheWrite5m + cacheWrite1h)];
}

const mostNames = 10;

/** Who waits for a slot, in one line. */
function waitingText(line: StatusAnswer['line'], at: number): string {
  if (line.length === 0) return '';
  const names = line
    .slice(0, mostNames)
    .map(({ place, agentId, waitingSince }) => `${place}. ${printable(agentId)} (${formatAge(at - waitingSince)})`);
  const more = line.length > mostNames ? ` and ${line.length - mostNames} more` : '';
  const who = line.length === 1 ? '1 agent waits' : `${line.length} agents wait`;
  return `${who} for a slot: ${names.join(', ')}${more}\n`;
}
