import { refusal, waitedTooLong } from './admissionRefusals.ts';
import { calendarDay } from './calendarDay.ts';
import type { Clock } from './clock.ts';
import type { Ledger, LedgerView } from './ledger.ts';
import type { LimitStatus } from '../shared/limitStatus.ts';
import { type SpentLimit, worthWaitingMs } from './requestLine.ts';
import { quotaTokens } from './usage.ts';

/** What becomes of a step of an observed agent's turn, such as a tool that it is about to use. */
export type StepDecision =
  | { readonly kind: 'go' }
  /** The session has ended. */
  | { readonly kind: 'gone' }
  /** Waiting makes no sense before `until`, in milliseconds since the epoch. */
  | { readonly kind: 'used-up'; readonly what: SpentLimit; readonly until: number }
  /** The user has paused the session. */
  | { readonly kind: 'paused' }
  /** Until then the upstream wants nothing, in milliseconds since the epoch. */
  | { readonly kind: 'wait'; readonly until: number };

/**
 * Whether a turn that was admitted may go on. A step takes no place in line: what its turn may use is held already, and
 * a turn that waited behind others who wait for what it holds would never end. What turns hold counts as not used.
 */
export function decideStep(
  { sessions, status, usedToday }: Pick<LedgerView, 'sessions' | 'status' | 'usedToday'>,
  sessionId: string,
  now: number,
): StepDecision {
  const session = sessions.find((candidate) => candidate.sessionId === sessionId);
  if (session === undefined) return { kind: 'gone' };
  const day = status.limits.find(({ dimension, models }) => dimension === 'tokensPerDay' && models === undefined);
  if (day !== undefined && isDayUsedUp(day, quotaTokens(usedToday)))
    return { kind: 'used-up', what: 'day', until: calendarDay(now).endsAt };
  if (session.pausedAt !== undefined) return { kind: 'paused' };
  const closedUntil = Math.max(0, ...status.limits.map(closedWindowUntil));
  if (closedUntil - now > worthWaitingMs) return { kind: 'used-up', what: 'window', until: closedUntil };
  const until = Math.max(closedUntil, status.pausedUntil ?? 0);
  return until > now ? { kind: 'wait', until } : { kind: 'go' };
}

/** @param used counted tokens of this machine. */
function isDayUsedUp({ limit, used: all, own }: LimitStatus, used: number): boolean {
  const others = own === undefined ? 0 : all - own.used;
  return used + others >= limit || used >= (own?.limit ?? Infinity);
}

function closedWindowUntil({ dimension, percentage, resetsAt }: LimitStatus): number {
  const isWindow = dimension === 'fiveHour' || dimension === 'sevenDay';
  return isWindow && percentage >= 100 ? (resetsAt ?? 0) : 0;
}

/** What steps are decided by. */
export interface StepParts {
  readonly view: () => Promise<LedgerView>;
  readonly onChange: Ledger['onChange'];
  readonly clock: Clock;
  /** The longest that a step waits, in milliseconds. */
  readonly longestWaitMs: number;
}

/**
 * Waits until a step of a running turn may go on.
 * @param signal aborts the wait.
 * @throws AdmissionRefusedError, or the signal's reason.
 */
export async function admitStep(
  { view, onChange, clock, longestWaitMs }: StepParts,
  sessionId: string,
  signal: AbortSignal,
): Promise<void> {
  const givesUpAt = clock.now() + longestWaitMs;
  for (;;) {
    signal.throwIfAborted();
    const now = clock.now();
    const decision = decideStep(await view(), sessionId, now);
    switch (decision.kind) {
      case 'go':
        return;
      case 'gone':
      case 'used-up':
        throw refusal(decision);
      case 'paused':
        if (now >= givesUpAt) throw waitedTooLong(longestWaitMs, 'resumption', 1);
        await somethingChanges(onChange, clock, givesUpAt - now, signal);
        break;
      case 'wait':
        if (now >= givesUpAt) throw waitedTooLong(longestWaitMs, 'limits', 1);
        await somethingChanges(onChange, clock, Math.min(decision.until, givesUpAt) - now, signal);
    }
  }
}

/** Resolves at a change, after so long, or when the signal aborts. */
async function somethingChanges(
  onChange: Ledger['onChange'],
  clock: Clock,
  withinMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const wake = (): void => {
    resolve(undefined);
  };
  const ends = [onChange(wake), clock.after(withinMs, wake)];
  signal.addEventListener('abort', wake, { once: true });
  await promise;
  for (const end of ends) end();
  signal.removeEventListener('abort', wake);
}
