import type { EngineSnapshot } from '../core/quotaEngine.ts';
import { totalTokens } from '../core/usage.ts';
import { formatAge, formatCount, formatPercentage, formatShortAge, formatShortCountdown } from '../shared/amounts.ts';
import type { Dimension, LimitStatus } from '../shared/limitStatus.ts';
import { limitLevel, type LimitSummary, reportAge, summarizeLimit, tightestLimit } from '../shared/limitSummary.ts';
import type { EngineState } from './engineState.ts';
import { runningAgents } from './runningAgents.ts';
import { rateText } from './sessionRow.ts';
import { hasNoCredentials } from './situation.ts';
import { fillStatusBarFormat } from './statusBarFormat.ts';

/** What the status bar says. */
export interface QuotaFace {
  /** An icon and a text of `longestStatusBarText` characters at most. */
  readonly text: string;
  /** For screen readers, in words. */
  readonly spoken: string;
  readonly level: LimitSummary['level'];
}

/** How the user wants it. */
export interface FaceWish {
  /** See `statusBarFormat`. */
  readonly format: string;
  readonly warnAtPercent: number;
}

const shortNames: Readonly<Record<Dimension, string>> = {
  requestsPerMinute: 'requests/min',
  tokensPerMinute: 'tokens/min',
  inputTokensPerMinute: 'input/min',
  outputTokensPerMinute: 'output/min',
  tokensPerDay: 'day',
  fiveHour: '5 h',
  sevenDay: '7 d',
  slots: 'slots',
};

export function quotaFace(state: EngineState, wish: FaceWish, now: number): QuotaFace {
  switch (state.kind) {
    case 'starting':
      return { text: '$(loading~spin) Quota', spoken: 'Agent Quota is starting', level: 'normal' };
    case 'stopped':
      return { text: '$(error) Quota not running', spoken: 'Agent Quota is not running', level: 'error' };
    case 'running':
      return runningFace(state.snapshot, wish, now);
  }
}

function runningFace(snapshot: EngineSnapshot, { format, warnAtPercent }: FaceWish, now: number): QuotaFace {
  const { status, line, health } = snapshot;
  if (hasNoCredentials(snapshot)) {
    return { text: '$(key) No credentials', spoken: 'Agent Quota: no usable Claude credentials', level: 'warning' };
  }
  const limit = tightestLimit(status.limits);
  const { running, slots, text } = runningAgents(snapshot);
  const paused = status.pausedUntil !== undefined && status.pausedUntil > snapshot.at;
  const level = limit === undefined ? 'normal' : limitLevel(limit, warnAtPercent);
  const broken = health.problems.some(({ severity }) => severity === 'error');
  const icon = paused ? 'debug-pause' : broken ? 'warning' : 'pulse';
  const shown = fillStatusBarFormat(format, {
    ...limitValues(limit, now),
    running: `${running}`,
    slots: `${slots}`,
    waiting: line.length === 0 ? '' : `+${line.length}`,
    tokens: formatCount(totalTokens(snapshot.usedToday)),
    rate: rateText(snapshot.tokensPerMinute) ?? '0/min',
  });
  return {
    text: `$(${icon}) ${shown}`,
    spoken:
      `Agent Quota: ${limitWords(limit, now)}, ${text}` +
      (line.length === 0 ? '' : `, ${line.length} waiting`) +
      (paused ? ', requests are paused' : ''),
    level: broken && level === 'normal' ? 'warning' : level,
  };
}

/** A number that Anthropic has reported a while ago says so wherever it is shown. */
function limitValues(
  limit: LimitStatus | undefined,
  now: number,
): Readonly<Record<'used' | 'left' | 'limit' | 'reset', string>> {
  if (limit === undefined) return { used: '0%', left: '100%', limit: '', reset: '' };
  const age = reportAge(limit, now);
  const old = age === undefined ? '' : ` ${formatShortAge(age)} ago`;
  return {
    used: `${formatPercentage(limit.percentage)}${old}`,
    left: `${formatPercentage(Math.max(0, 100 - limit.percentage))}${old}`,
    limit: shortNames[limit.dimension],
    reset: limit.resetsAt === undefined || limit.resetsAt <= now ? '' : formatShortCountdown(limit.resetsAt - now),
  };
}

function limitWords(limit: LimitStatus | undefined, now: number): string {
  if (limit === undefined) return 'nothing used';
  const { label, share } = summarizeLimit(limit, 100, now);
  const age = reportAge(limit, now);
  return `${label} ${share} used${age === undefined ? '' : `, as of ${formatAge(age)} ago`}`;
}
