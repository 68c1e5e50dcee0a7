import { formatCount, formatNumberOf, formatPercentage } from '../shared/amounts.ts';
import type { StatusAnswer } from '../shared/launcherAnswers.ts';
import { limitLevel, ownAmount, summarizeLimit, tightestLimit } from '../shared/limitSummary.ts';
import { planName } from '../shared/planName.ts';
import { levelFormats, markedFromPercent } from './levels.ts';
import type { Look } from './look.ts';
import type { Paint } from './paint.ts';
import { printable } from './printable.ts';

/** What `agent-quota status` prints: the engine, the plan, its numbers, then what is wrong and what to do about it. */
export function statusText(status: StatusAnswer, { paint }: Look): string {
  const tightest = tightestLimit(status.limits);
  const level = tightest === undefined ? 'normal' : limitLevel(tightest, markedFromPercent);
  const share = formatPercentage(status.percentage);
  const facts: readonly (readonly [name: string, text: string])[] = [
    ['Engine', `running, gateway ${status.gatewayUrl}`],
    ['Plan', `${planName(status.plan.kind)}: ${planTerms(status)}`],
    ['Health', healthText(status, paint)],
    ['Used', `${level === 'normal' ? share : paint(levelFormats[level], share)}${mostUsed(status)}`],
    ['Agents', agentsText(status)],
    ['Today', `${formatCount(status.usedToday.total)} tokens used, cache reads included`],
    [
      'Ledger',
      status.ledger.kind === 'sqlite'
        ? 'shared by all windows of this machine'
        : `of this window only: ${printable(status.ledger.reason)}`,
    ],
  ];
  const lines = facts.map(([name, text]) => `${paint('bold', name.padEnd(nameWidth))}${text}\n`);
  return lines.join('') + problemsText(status, paint);
}

const nameWidth = 10;

function planTerms({ plan }: StatusAnswer): string {
  const agents = `${formatNumberOf(plan.concurrentAgents, 'agent')} at once`;
  return plan.kind === 'MaxSubscription'
    ? `${formatCount(plan.dailyTokens)} tokens a day, ${agents}`
    : `${formatCount(plan.requestsPerMinute)} requests and ${formatCount(plan.tokensPerMinute)} tokens a minute, ${agents}`;
}

function healthText({ healthy, problems }: StatusAnswer, paint: Paint): string {
  if (!healthy) return paint('red', 'something is wrong, see below');
  if (problems.length === 0) return paint('green', 'healthy');
  return `${paint('green', 'healthy')}, with ${formatNumberOf(problems.length, 'warning')}`;
}

/** Which limit the share is of. */
function mostUsed({ limits, at }: StatusAnswer): string {
  const limit = tightestLimit(limits);
  if (limit === undefined || limit.percentage === 0) return '';
  return `, ${printable(summarizeLimit(limit, markedFromPercent, at).label)}`;
}

function agentsText({ limits, sessions, line, plan }: StatusAnswer): string {
  const slots = limits.find(({ dimension }) => dimension === 'slots');
  const parts = [`${slots?.used ?? 0} of ${slots?.limit ?? plan.concurrentAgents} running`];
  if (slots?.own !== undefined) parts.push(`this machine: ${ownAmount(slots.own)}`);
  if (line.length > 0) parts.push(`${line.length} waiting for a slot`);
  const unauthenticated = sessions.filter(({ mode }) => mode === 'unauthenticated').length;
  if (unauthenticated > 0) parts.push(`${unauthenticated} without quota`);
  return parts.join(', ');
}

function problemsText({ problems }: StatusAnswer, paint: Paint): string {
  return problems
    .map(({ severity, message, nextStep }) => {
      const mark = paint(levelFormats[severity], severity.padEnd(nameWidth));
      return `\n${mark}${printable(message)}\n${' '.repeat(nameWidth)}${printable(nextStep)}\n`;
    })
    .join('');
}
