import { commands } from '../contributions.ts';
import type { Problem } from '../core/credentials.ts';
import type { EngineSnapshot } from '../core/quotaEngine.ts';
import { totalTokens } from '../core/usage.ts';
import { formatAge, formatCount, formatNumberOf } from '../shared/amounts.ts';
import { summarizeLimit } from '../shared/limitSummary.ts';
import { planName } from '../shared/planName.ts';
import { shareBar } from '../shared/shareBar.ts';
import { accountName } from './accountName.ts';
import { projectionText } from './earlyWarnings.ts';
import { type EngineState, newestSnapshot } from './engineState.ts';
import { escapeMarkdown } from './escapeMarkdown.ts';
import { runningAgents } from './runningAgents.ts';
import { rateText } from './sessionRow.ts';

/** The only commands that the tooltip's links may run. */
export const tooltipCommands = [
  commands.showQuotaDetails,
  commands.newAgentTerminal,
  commands.pauseSession,
  commands.releaseSession,
  commands.testAuthentication,
  commands.setApiKey,
  commands.showLog,
] as const;

/** The status bar's tooltip in Markdown: the plan, its limits, who waits, what is wrong, and where to go from here. */
export function quotaTooltip(state: EngineState, warnAtPercent: number, now: number): string {
  const parts: string[] = [];
  const snapshot = newestSnapshot(state);
  parts.push(snapshot === undefined ? '**Agent Quota**' : `**Agent Quota** · ${planText(snapshot)}`);
  if (state.kind === 'starting') parts.push('$(loading~spin) The quota engine is starting.');
  if (state.kind === 'stopped') parts.push(problemText(state.problem));
  if (snapshot !== undefined) {
    if (state.kind !== 'running') parts.push(`Numbers from ${formatAge(now - snapshot.at)} ago:`);
    parts.push(limitTable(snapshot, warnAtPercent, now), ...remarks(snapshot, now));
    parts.push(...snapshot.health.problems.map(problemText));
  }
  parts.push(links(state).join(' · '));
  return parts.join('\n\n');
}

function planText(snapshot: EngineSnapshot): string {
  const account = accountName(snapshot.planId);
  return `plan: ${planName(snapshot.plan.kind)}${account === undefined ? '' : `, account ${account}`}`;
}

/** What can be done now: a link that leads nowhere is left out. */
function links(state: EngineState): string[] {
  const details = `[Details](command:${commands.showQuotaDetails})`;
  const terminal = `[New terminal](command:${commands.newAgentTerminal})`;
  if (state.kind !== 'running') return [details, terminal, `[Show log](command:${commands.showLog})`];
  const { sessions, health } = state.snapshot;
  return [
    details,
    terminal,
    ...(sessions.length === 0
      ? []
      : [`[Pause…](command:${commands.pauseSession})`, `[Release…](command:${commands.releaseSession})`]),
    ...(health.healthy ? [] : [`[Set API key](command:${commands.setApiKey})`]),
    `[Test authentication](command:${commands.testAuthentication})`,
  ];
}

/** Between columns: VS Code sets tables without any. */
const gap = '&nbsp;&nbsp;';

function limitTable(snapshot: EngineSnapshot, warnAtPercent: number, now: number): string {
  const rows = snapshot.status.limits.map((status) => {
    const limit = summarizeLimit(status, warnAtPercent, now);
    const mark = limit.level === 'normal' ? '' : limit.level === 'warning' ? '$(warning) ' : '$(error) ';
    const label = escapeMarkdown(limit.label);
    const cells = [label, shareBar(limit.percentage), `${mark}${limit.share}`, limit.amount].map(unbroken);
    // There is no room to say of each limit that it is the user's own.
    const reported = status.source === 'reported' ? [limit.source] : [];
    const aside = [limit.own?.text ?? '', limit.reset, ...reported].filter((part) => part !== '').join(', ');
    return `| ${[...cells, aside].join(`${gap} | `)} |`;
  });
  return ['| | | | | |', '| :-- | :-- | --: | :-- | :-- |', ...rows].join('\n');
}

/** What is short stays on one line. */
function unbroken(cell: string): string {
  return cell.replaceAll(' ', '\u00a0');
}

function remarks(snapshot: EngineSnapshot, now: number): string[] {
  const rate = rateText(snapshot.tokensPerMinute);
  const pace = rate === undefined ? '' : `, now ${rate}`;
  const remarks = [
    `${runningAgents(snapshot).text} · ${formatCount(totalTokens(snapshot.usedToday))} tokens used today, cache reads included${pace}`,
    ...snapshot.projections.flatMap((projection) => {
      const text = projectionText(projection, now);
      return text === undefined ? [] : [`$(graph-line) ${text}`];
    }),
  ];
  const unauthenticated = snapshot.sessions.filter(({ mode }) => mode === 'unauthenticated').length;
  if (unauthenticated > 0) remarks.push(`${formatNumberOf(unauthenticated, 'agent')} running without quota`);
  const others = snapshot.sessions.filter(
    ({ mode, planId }) => mode !== 'unauthenticated' && planId !== snapshot.planId,
  );
  if (others.length > 0) {
    remarks.push(`${formatNumberOf(others.length, 'session')} on other accounts, not counted here`);
  }
  return remarks;
}

function problemText(problem: Problem): string {
  const icon = problem.severity === 'error' ? '$(error)' : '$(warning)';
  return `${icon} ${escapeMarkdown(problem.message)} ${escapeMarkdown(problem.nextStep)}`;
}
