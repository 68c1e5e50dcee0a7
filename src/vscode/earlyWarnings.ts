import type { EngineSnapshot, ShownSession } from '../core/quotaEngine.ts';
import { totalTokens } from '../core/usage.ts';
import { formatCountdown, formatNumberOf, formatPercentage } from '../shared/amounts.ts';
import type { LimitProjection } from '../shared/limitProjection.ts';
import { periodOf, toldKey } from './limitKey.ts';

/** Something that is going wrong and can still be helped. */
export interface EarlyWarning {
  /** What it is about, the same in all windows; of two with the same key the second is not said. */
  readonly key: string;
  /** Keys of neighbouring periods, which a report that differs by seconds may fall into. */
  readonly alike: readonly string[];
  readonly text: string;
  /** Whose doing it is; undefined where it is everybody's. */
  readonly sessionId: string | undefined;
}

/** A pace that was looked at for less is a guess. */
const leastMeasuredMs = 10 * 60_000;
/** With less of a limit used, there is time to see where it goes. */
const leastPercentage = 25;
/** From here on the notification of that threshold has said enough. */
const mostPercentage = 90;
/** A session that uses so many times its share takes from the others. */
const timesItsShare = 2;
/** Who uses less than this of all does not keep the others from much, whatever its share; and who uses more, does. */
const [leastTaken, mostTaken] = [0.5, 0.9];
/** Of a limit of a minute, from where on the others wait for it. */
const shortFromPercent = 90;

/** What is to be warned of now. It is for the caller to say each but once. */
export function earlyWarnings(snapshot: EngineSnapshot, now: number): EarlyWarning[] {
  const limits = limitWarnings(snapshot, now);
  return [...limits, ...shareWarnings(snapshot, limits.length > 0)];
}

/** For example "At the present pace the 5-hour window is used up in 1 h, 2 h before it resets." */
export function projectionText(projection: LimitProjection, now: number): string | undefined {
  const { outlook, reachedAt, resetsAt } = projection;
  if (outlook !== 'likely' || reachedAt === undefined || reachedAt <= now || reachedAt >= resetsAt) return undefined;
  const inTime = formatCountdown(reachedAt - now);
  return `At the present pace ${limitName(projection)} used up in ${inTime}, ${formatCountdown(resetsAt - reachedAt)} before the reset`;
}

function limitName({ dimension, models }: LimitProjection): string {
  const own = models === undefined ? '' : ` for ${models}`;
  if (dimension === 'fiveHour') return `the 5-hour window${own} is`;
  return dimension === 'sevenDay' ? `the 7-day window${own} is` : `the day’s tokens${own} are`;
}

function limitWarnings(snapshot: EngineSnapshot, now: number): EarlyWarning[] {
  return snapshot.projections.flatMap((projection) => {
    const text = projectionText(projection, now);
    const limit = snapshot.status.limits.find(
      ({ dimension, models }) => dimension === projection.dimension && models === projection.models,
    );
    if (text === undefined || limit === undefined || projection.measuredMs < leastMeasuredMs) return [];
    if (limit.percentage < leastPercentage || limit.percentage >= mostPercentage) return [];
    const { key, alike } = periodOf(`pace ${toldKey(snapshot.planId, limit)}`, projection.resetsAt);
    const who = largestUser(snapshot);
    return [{ key, alike, text: `${text}.${who === undefined ? '' : ` ${who}`}`, sessionId: undefined }];
  });
}

/** Who uses most of late, where that is more than half. */
function largestUser(snapshot: EngineSnapshot): string | undefined {
  const [first] = byPace(snapshot);
  if (first === undefined || first.tokensPerMinute < snapshot.tokensPerMinute / 2) return undefined;
  return `${first.agentId} uses ${shareText(first, snapshot)}${subagentsText(first)}.`;
}

/** Sessions that use far more than their share while others of the same plan wait for it. */
function shareWarnings(snapshot: EngineSnapshot, runsOut: boolean): EarlyWarning[] {
  const busy = byPace(snapshot);
  const others = busy.length > 1;
  const isShort = runsOut || snapshot.status.limits.some(isUsedUpNow);
  if (!others || !isShort) return [];
  const weights = busy.reduce((sum, session) => sum + weightOf(session), 0);
  const total = busy.reduce((sum, { tokensPerMinute }) => sum + tokensPerMinute, 0);
  return busy.flatMap((session) => {
    const share = weightOf(session) / weights;
    const taken = session.tokensPerMinute / total;
    if (taken < leastTaken || taken < Math.min(mostTaken, share * timesItsShare)) return [];
    const text =
      `${session.agentId} uses ${shareText(session, snapshot)}${subagentsText(session)}, where its share among ` +
      `${formatNumberOf(busy.length, 'agent')} is ${formatPercentage(share * 100)}.`;
    return [{ key: `share ${session.sessionId}`, alike: [], text, sessionId: session.sessionId }];
  });
}

function isUsedUpNow({ dimension, percentage }: EngineSnapshot['status']['limits'][number]): boolean {
  return dimension.endsWith('PerMinute') && percentage >= shortFromPercent;
}

/** Sessions of the window's plan that use tokens or want to, the one that uses most first. */
function byPace({ sessions, planId }: EngineSnapshot): ShownSession[] {
  return sessions
    .filter((session) => session.planId === planId && session.mode !== 'unauthenticated')
    .filter(({ tokensPerMinute, waitingRequests }) => tokensPerMinute >= 1 || waitingRequests > 0)
    .sort((a, b) => b.tokensPerMinute - a.tokensPerMinute);
}

function weightOf(session: ShownSession): number {
  return (session.state === 'ended' ? undefined : session.weight) ?? 1;
}

function shareText(session: ShownSession, { tokensPerMinute }: EngineSnapshot): string {
  return `${formatPercentage(Math.min(100, (session.tokensPerMinute / tokensPerMinute) * 100))} of the tokens now`;
}

/** Subagents are what surprises people most. */
function subagentsText({ subagents, usage }: ShownSession): string {
  const used = subagents.reduce((sum, subagent) => sum + totalTokens(subagent.usage), 0);
  const all = totalTokens(usage);
  if (subagents.length === 0 || all === 0) return '';
  return ` (${formatNumberOf(subagents.length, 'subagent')}, ${formatPercentage((used / all) * 100)} of its use so far)`;
}
