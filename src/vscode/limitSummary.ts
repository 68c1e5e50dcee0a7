import { type Dimension, type LimitStatus } from '../core/quotaStatus.ts';
import { formatCount, formatCountdown, formatPercentage } from './amounts.ts';

/** One limit in words. */
export interface LimitSummary {
  readonly dimension: Dimension;
  readonly label: string;
  readonly percentage: number;
  /** For example "42%". */
  readonly share: string;
  /** For example "4.2k of 10k tokens". */
  readonly amount: string;
  /** For example "resets in 3 h 5 min"; empty when there is nothing to reset. */
  readonly reset: string;
  readonly level: 'normal' | 'warning' | 'error';
}

const wording: Readonly<Record<Dimension, { label: string; unit: string }>> = {
  requestsPerMinute: { label: 'Requests per minute', unit: 'requests' },
  tokensPerMinute: { label: 'Tokens per minute', unit: 'tokens' },
  inputTokensPerMinute: { label: 'Input tokens per minute', unit: 'tokens' },
  outputTokensPerMinute: { label: 'Output tokens per minute', unit: 'tokens' },
  tokensPerDay: { label: 'Tokens today', unit: 'tokens' },
  slots: { label: 'Agents running', unit: 'slots' },
};

/** @param warnAtPercent share of a limit from which on it is marked. Full slots are no alarm: the next agent waits. */
export function summarizeLimit(limit: LimitStatus, warnAtPercent: number, now: number): LimitSummary {
  const { label, unit } = wording[limit.dimension];
  const reported = limit.source === 'reported' ? ', as reported by the API' : '';
  return {
    dimension: limit.dimension,
    label,
    percentage: limit.percentage,
    share: formatPercentage(limit.percentage),
    amount: `${formatCount(limit.used)} of ${formatCount(limit.limit)} ${unit}${reported}`,
    reset:
      limit.resetsAt === undefined || limit.resetsAt <= now ? '' : `resets in ${formatCountdown(limit.resetsAt - now)}`,
    level: limit.dimension === 'slots' ? 'normal' : quotaLevel(limit.percentage, warnAtPercent),
  };
}

/** How loudly a share of the quota is shown. */
export function quotaLevel(percentage: number, warnAtPercent: number): LimitSummary['level'] {
  if (percentage >= 100) return 'error';
  return percentage >= warnAtPercent ? 'warning' : 'normal';
}
