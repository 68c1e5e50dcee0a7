import { type CommandId, commands } from '../contributions.ts';
import type { Problem } from '../core/credentials.ts';
import { totalTokens } from '../core/usage.ts';
import { formatAge, formatCount } from '../shared/amounts.ts';
import { type EngineState, newestSnapshot } from './engineState.ts';
import { summarizeLimit } from '../shared/limitSummary.ts';
import { planName } from '../shared/planName.ts';

/** One line of Show Status, and the command that leads on from it. */
export interface StatusLine {
  readonly icon: string;
  readonly text: string;
  readonly aside: string;
  readonly detail?: string;
  readonly command: CommandId;
}

/** The state of things, the most important first: what is wrong, then the plan and its numbers. */
export function statusLines(state: EngineState, warnAtPercent: number, now: number): StatusLine[] {
  const lines: StatusLine[] = [];
  const snapshot = newestSnapshot(state);
  if (state.kind === 'starting') {
    lines.push({ icon: 'loading~spin', text: 'The quota engine is starting', aside: '', command: commands.showLog });
  }
  if (state.kind === 'stopped') lines.push(problemLine(state.problem, commands.showLog));
  if (snapshot === undefined) return lines;
  lines.push(...snapshot.health.problems.map((problem) => problemLine(problem, leadsOn(problem))));
  if (state.kind === 'running' && snapshot.health.problems.length === 0) {
    lines.push({ icon: 'pass', text: 'Healthy', aside: 'nothing is wrong', command: commands.testAuthentication });
  }
  const old = state.kind === 'running' ? '' : `, ${formatAge(now - snapshot.at)} ago`;
  lines.push({
    icon: 'credit-card',
    text: `Plan: ${planName(snapshot.plan.kind)}`,
    aside: `${formatCount(totalTokens(snapshot.usedToday))} tokens used today${old}`,
    command: commands.showQuotaDetails,
  });
  for (const status of snapshot.status.limits) {
    const limit = summarizeLimit(status, warnAtPercent, now);
    const icon = limit.level === 'normal' ? 'graph' : limit.level;
    const aside = [limit.amount, limit.own?.text ?? '', limit.reset, limit.source]
      .filter((part) => part !== '')
      .join(', ');
    lines.push({ icon, text: `${limit.label}: ${limit.share}`, aside, command: commands.showQuotaDetails });
  }
  return lines;
}

function leadsOn({ code }: Problem): CommandId {
  return code === 'no-credentials' ? commands.setApiKey : commands.testAuthentication;
}

function problemLine(problem: Problem, command: CommandId): StatusLine {
  return { icon: problem.severity, text: problem.message, aside: '', detail: problem.nextStep, command };
}
