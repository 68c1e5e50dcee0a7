import { commands } from '../contributions.ts';
import { type Problem } from '../core/credentials.ts';
import { type EngineSnapshot } from '../core/quotaEngine.ts';
import { totalTokens } from '../core/usage.ts';
import { formatAge, formatCount, formatCountdown, formatNumberOf } from '../shared/amounts.ts';
import { type EngineState, newestSnapshot } from './engineState.ts';
import { escapeMarkdown } from './escapeMarkdown.ts';
import { summarizeLimit } from '../shared/limitSummary.ts';
import { planName } from '../shared/planName.ts';

/** The only commands that the tooltip's links may run. */
export const tooltipCommands = [
  commands.showQuotaDetails,
  commands.newAgentTerminal,
  commands.testAuthentication,
  commands.showLog,
] as const;

/** The status bar's tooltip in Markdown: the plan, its limits, who waits, what is wrong, and where to go from here. */
export function quotaTooltip(state: EngineState, warnAtPercent: number, now: number): string {
  const parts: string[] = [];
  const snapshot = newestSnapshot(state);
  parts.push(snapshot === undefined ? '**Agent Quota**' : `**Agent Quota** · plan: ${planName(snapshot.plan.kind)}`);
  if (state.kind === 'starting') parts.push('$(loading~spin) The quota engine is starting.');
  if (state.kind === 'stopped') parts.push(problemText(state.problem));
  if (snapshot !== undefined) {
    if (state.kind !== 'running') parts.push(`Numbers from ${formatAge(now - snapshot.at)} ago:`);
    parts.push(limitTable(snapshot, warnAtPercent, now), ...remarks(snapshot, now));
    parts.push(...snapshot.health.problems.map(problemText));
  }
  parts.push(
    [
      `[Details](command:${commands.showQuotaDetails})`,
      `[New terminal](command:${commands.newAgentTerminal})`,
      state.kind === 'running'
        ? `[Test authentication](command:${commands.testAuthentication})`
        : `[Show log](command:${commands.showLog})`,
    ].join(' · '),
  );
  return parts.join('\n\n');
}

/** Between columns: VS Code sets tables without any. */
const gap = ' &nbsp; ';

function limitTable(snapshot: EngineSnapshot, warnAtPercent: number, now: number): string {
  const rows = snapshot.status.limits.map((status) => {
    const limit = summarizeLimit(status, warnAtPercent, now);
    const mark = limit.level === 'normal' ? '' : limit.level === 'warning' ? '$(warning) ' : '$(error) ';
    const cells = [`${mark}${limit.share}`, limit.amount, limit.reset, limit.source].map((cell) => `${gap}${cell} |`);
    return `| ${escapeMarkdown(limit.label)} |${cells.join('')}`;
  });
  return [`| Limit | |${gap}Used | |${gap}Limit is |`, '| :-- | --: | :-- | :-- | :-- |', ...rows].join('\n');
}

function remarks(snapshot: EngineSnapshot, now: number): string[] {
  const remarks = [`${formatCount(totalTokens(snapshot.usedToday))} tokens used today, cache reads included`];
  const unauthenticated = snapshot.sessions.filter(({ mode }) => mode === 'unauthenticated').length;
  if (unauthenticated > 0) remarks.push(`${formatNumberOf(unauthenticated, 'agent')} running without quota`);
  const { pausedUntil } = snapshot.status;
  if (pausedUntil !== undefined && pausedUntil > now) {
    remarks.push(`$(debug-pause) The API asked for a pause: requests go on in ${formatCountdown(pausedUntil - now)}`);
  }
  if (snapshot.ledger.kind === 'memory') {
    remarks.push(`Counts this window only, until it closes: ${escapeMarkdown(snapshot.ledger.reason)}`);
  }
  return remarks;
}

function problemText(problem: Problem): string {
  const icon = problem.severity === 'error' ? '$(error)' : '$(warning)';
  return `${icon} ${escapeMarkdown(problem.message)} ${escapeMarkdown(problem.nextStep)}`;
}
