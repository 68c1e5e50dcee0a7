import { rateDimensions, type RateDimension } from '../../src/core/rateLimits.ts';
import { Backlog } from './backlog.ts';
import { groupOfAgents, type Scenario } from './scenario.ts';
import type { Tally } from './tally.ts';

/** How one contestant fared in one scenario. */
export interface Figures {
  readonly upstream429: number;
  /** Of what could be used for certain while requests waited, the share that was used; 0 to 1 and a little. */
  readonly utilisation: number;
  /** The same of all that the upstream had, also of what only a guess would have used. */
  readonly strictUtilisation: number;
  /** Jain's index of what the busy agents were given while they had requests waiting: 1 is even, 1/n is one has all. */
  readonly jain: number;
  readonly waitP50Seconds: number;
  readonly waitP95Seconds: number;
  /** Tokens of answered requests but for those of tasks that failed later. */
  readonly completedTokens: number;
  readonly answeredTokens: number;
  readonly answeredRequests: number;
  /** Requests that an agent gave up, and its task with it. */
  readonly failedRequests: number;
}

export function figuresOf(scenario: Scenario, tally: Tally): Figures {
  const groups = groupOfAgents(scenario);
  const run: Run = {
    tally,
    from: scenario.warmUpMinutes * 60,
    backlog: new Backlog(tally.waits, groups.length, tally.seconds.length),
  };
  const busy = [...groups.keys()].filter((agent) => groups[agent]?.role === 'busy');
  const waits = tally.waits.map(({ fromMs, toMs }) => toMs - fromMs).sort((a, b) => a - b);
  const fair = fairShares(run, groups.length);
  return {
    upstream429: tally.refusals,
    utilisation: utilisation(run, unsureAt),
    strictUtilisation: utilisation(run, () => 0),
    jain: jainIndex(busy.flatMap((agent) => fair[agent] ?? [])),
    waitP50Seconds: percentile(waits, 0.5) / 1000,
    waitP95Seconds: percentile(waits, 0.95) / 1000,
    completedTokens: tally.answeredTokens - tally.lostTokens,
    answeredTokens: tally.answeredTokens,
    answeredRequests: tally.answeredRequests,
    failedRequests: tally.failedRequests,
  };
}

interface Run {
  readonly tally: Tally;
  readonly backlog: Backlog;
  /** The first second after the warm-up. */
  readonly from: number;
}

/**
 * In the dimension that is used most: what the requests admitted during the backlog took, of what came in meanwhile and
 * was there when it began.
 * @param unsure the tokens that nobody can tell to be there at a moment: as much of what is left when the backlog ends
 * is not counted as supply.
 */
function utilisation({ tally, backlog, from }: Run, unsure: (tally: Tally, atMs: number) => number): number {
  const { seconds, admissions } = tally;
  const shares = rateDimensions.map((dimension) => {
    let supply = 0;
    for (let index = from; index < seconds.length; index += 1) {
      if (!backlog.has(index)) continue;
      const isFirst = index === from || !backlog.has(index - 1);
      if (isFirst) supply += Math.max(0, seconds[index - 1]?.level[dimension] ?? 0);
      supply += seconds[index]?.supply[dimension] ?? 0;
      const isLast = index === seconds.length - 1 || !backlog.has(index + 1);
      if (isLast && isInput(dimension)) {
        const left = Math.max(0, seconds[index]?.level[dimension] ?? 0);
        supply -= Math.min(left, unsure(tally, (index + 1) * 1000));
      }
    }
    let taken = 0;
    for (const { atMs, amounts } of admissions) {
      const second = Math.floor(atMs / 1000);
      if (second >= from && backlog.has(second)) taken += amounts[dimension];
    }
    return supply === 0 ? 0 : taken / supply;
  });
  return Math.max(...shares);
}

function isInput(dimension: RateDimension): boolean {
  return dimension === 'tokensPerMinute' || dimension === 'inputTokensPerMinute';
}

/**
 * The tokens that the requests under way without a first byte had in the prompt cache. Until it comes nobody but the
 * upstream knows that: had the cache lost them, they would have been counted, and who counts on them may be refused.
 */
function unsureAt({ admissions }: Tally, atMs: number): number {
  return admissions
    .filter((admission) => admission.atMs < atMs && admission.knownAtMs >= atMs)
    .reduce((total, { cachedTokens }) => total + cachedTokens, 0);
}

/**
 * For each agent: the tokens that it was given while it had requests waiting, divided by its equal part of what all
 * agents with requests waiting were given at that time. 1 for all is what fair queueing promises.
 */
function fairShares({ tally, backlog, from }: Run, agents: number): readonly (number | undefined)[] {
  const given = new Array<number>(agents).fill(0);
  const perSecond = new Array<number>(tally.seconds.length).fill(0);
  for (const { agent, atMs, amounts } of tally.admissions) {
    const second = Math.floor(atMs / 1000);
    if (second < from || !backlog.hasOf(agent, second)) continue;
    given[agent] = (given[agent] ?? 0) + amounts.tokensPerMinute;
    perSecond[second] = (perSecond[second] ?? 0) + amounts.tokensPerMinute;
  }
  const part = perSecond.map((tokens, second) => (tokens === 0 ? 0 : tokens / backlog.agentsAt(second)));
  return given.map((tokens, agent) => {
    const due = part.reduce((sum, tokensEach, second) => sum + (backlog.hasOf(agent, second) ? tokensEach : 0), 0);
    return due === 0 ? undefined : tokens / due;
  });
}

/** (Σx)² / (n · Σx²). Source: Jain, Chiu, Hawe, "A Quantitative Measure of Fairness and Discrimination", 1984. */
export function jainIndex(shares: readonly number[]): number {
  const squares = shares.reduce((total, share) => total + share * share, 0);
  return squares === 0 ? 1 : sum(shares) ** 2 / (shares.length * squares);
}

/** @param sorted ascending. @param share 0 to 1. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
