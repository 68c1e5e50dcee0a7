import { formatAge, formatCount, formatCountdown, formatPercentage } from './amounts.ts';
import { decidingPart, type Dimension, dimensions, type LimitStatus, type OwnPart } from './limitStatus.ts';

/** One limit in words. */
export interface LimitSummary {
  /** Tells the limits of one plan apart. */
  readonly id: string;
  /** For example "Tokens per minute" or, where a group of models has its own, "Tokens per minute · opus-5". */
  readonly label: string;
  readonly percentage: number;
  /** For example "42%". */
  readonly share: string;
  /** For example "4.2k of 10k tokens", or "23% of the 5-hour window". */
  readonly amount: string;
  /** For example "resets in 3 h 5 min"; empty when there is nothing to reset. */
  readonly reset: string;
  /** Who says so, for example "reported by Anthropic 5 min ago". */
  readonly source: string;
  readonly level: 'normal' | 'warning' | 'error';
  /** This machine's part of what is used; absent where no other machine shares it. */
  readonly own?: OwnShare;
}

/** This machine's part of what is used of a limit that machines share. */
export interface OwnShare {
  /** For example "this machine: 3", or "this machine: 3 of at most 5". */
  readonly text: string;
  /** How much of `LimitSummary.percentage` it is, in percent of the same: all of it where its own bound is nearest. */
  readonly percentage: number;
}

type Wording = { readonly label: string } & (
  | { readonly kind: 'count'; readonly unit: string }
  /** Known in percent only. */
  | { readonly kind: 'window' }
);

const wordings: Readonly<Record<Dimension, Wording>> = {
  requestsPerMinute: { label: 'Requests per minute', kind: 'count', unit: 'requests' },
  tokensPerMinute: { label: 'Tokens per minute', kind: 'count', unit: 'tokens' },
  inputTokensPerMinute: { label: 'Input tokens per minute', kind: 'count', unit: 'tokens' },
  outputTokensPerMinute: { label: 'Output tokens per minute', kind: 'count', unit: 'tokens' },
  tokensPerDay: { label: 'Tokens today', kind: 'count', unit: 'tokens' },
  fiveHour: { label: '5-hour window', kind: 'window' },
  sevenDay: { label: '7-day window', kind: 'window' },
  slots: { label: 'Agents running', kind: 'count', unit: 'slots' },
};

/** A report of the last minute is as good as now. */
const oldAfterMs = 60_000;
/** A model's name comes from an agent's request and may be anything. */
const longestModels = 40;

/** @param warnAtPercent share of a limit from which on it is marked. */
export function summarizeLimit(limit: LimitStatus, warnAtPercent: number, now: number): LimitSummary {
  const { dimension, models = '' } = limit;
  const wording = wordings[dimension];
  return {
    id: `${dimension} ${models}`,
    label: limitLabel(dimension, models),
    percentage: limit.percentage,
    share: formatPercentage(limit.percentage),
    amount: amountText(limit, wording),
    reset:
      limit.resetsAt === undefined || limit.resetsAt <= now ? '' : `resets in ${formatCountdown(limit.resetsAt - now)}`,
    source: sourceText(limit, now),
    level: limitLevel(limit, warnAtPercent),
    ...(limit.own !== undefined && { own: ownShare(limit, limit.own) }),
  };
}

function ownShare(limit: LimitStatus, own: OwnPart): OwnShare {
  return {
    text: `this machine: ${ownAmount(own)}`,
    percentage: decidingPart(limit).isOwn ? limit.percentage : (own.used / limit.limit) * 100,
  };
}

/** What this machine has of what is used: "3", or "3 of at most 5". */
export function ownAmount({ used, limit }: OwnPart): string {
  return limit === undefined ? formatCount(used) : `${formatCount(used)} of at most ${formatCount(limit)}`;
}

export function isDimension(name: string): name is Dimension {
  return dimensions.some((dimension) => dimension === name);
}

/** A limit's name on every surface. @param models those that share it; empty or left out for the whole plan's. */
export function limitLabel(dimension: Dimension, models = ''): string {
  const { label } = wordings[dimension];
  return models === '' ? label : `${label} · ${shortened(models)}`;
}

function amountText({ used, limit, percentage }: LimitStatus, wording: Wording): string {
  return wording.kind === 'window'
    ? `${formatPercentage(percentage)} of the ${wording.label}`
    : `${formatCount(used)} of ${formatCount(limit)} ${wording.unit}`;
}

function sourceText({ source, reportedAt }: LimitStatus, now: number): string {
  if (source === 'setting') return 'from the settings';
  const age = reportAge({ reportedAt }, now);
  return age === undefined ? 'reported by Anthropic' : `reported by Anthropic ${formatAge(age)} ago`;
}

/** How old what is shown of a limit is, in milliseconds; undefined when it is as good as now. */
export function reportAge(limit: { readonly reportedAt?: number | undefined }, now: number): number | undefined {
  const age = limit.reportedAt === undefined ? 0 : now - limit.reportedAt;
  return age > oldAfterMs ? age : undefined;
}

function shortened(models: string): string {
  return models.length > longestModels ? `${models.slice(0, longestModels - 1)}…` : models;
}

/** What a limit that is used up does: those of a minute make requests wait for seconds, the others refuse them. */
const refusing: ReadonlySet<Dimension> = new Set(['tokensPerDay', 'fiveHour', 'sevenDay']);

/** How loudly a limit is shown: what keeps agents from working is an error. Full slots are no alarm. */
export function limitLevel(
  { dimension, percentage }: Pick<LimitStatus, 'dimension' | 'percentage'>,
  warnAtPercent: number,
): LimitSummary['level'] {
  if (dimension === 'slots' || percentage < Math.min(warnAtPercent, 100)) return 'normal';
  return percentage >= 100 && refusing.has(dimension) ? 'error' : 'warning';
}

/** The limit that is used most, the refusing ones first where several are; undefined for none. Slots are not one. */
export function tightestLimit(limits: readonly LimitStatus[]): LimitStatus | undefined {
  const sorted = limits
    .filter(({ dimension }) => dimension !== 'slots')
    .sort(
      (a, b) => b.percentage - a.percentage || Number(refusing.has(b.dimension)) - Number(refusing.has(a.dimension)),
    );
  return sorted[0];
}
