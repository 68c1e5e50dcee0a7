import type { Decided, Lack } from './admissionRefusals.ts';
import type { Clock } from './clock.ts';
import type { Ledger } from './ledger.ts';
import { withinTime } from './withinTime.ts';

/** One wait in the line of requests. */
export interface LineWait {
  /** Rejects when the time is over or the client has gone. */
  readonly decided: Promise<Decided>;
  /** Tells what the line decided. */
  readonly decide: (decided: Decided) => void;
  /** It is in line now: the time begins. */
  readonly inLine: () => void;
  readonly end: () => void;
}

/**
 * Waits for the line's decision, the wait's end or the client's leaving, whichever is first.
 * @param tooLong what is thrown when the time is over.
 */
export function lineWait(clock: Clock, holdMs: number, signal: AbortSignal, tooLong: () => Promise<Error>): LineWait {
  const { promise, resolve, reject } = Promise.withResolvers<Decided>();
  promise.catch(() => undefined);
  const leave = (): void => {
    reject(signal.reason instanceof Error ? signal.reason : new Error('The client has gone.'));
  };
  let cancelTimer = (): void => undefined;
  signal.addEventListener('abort', leave, { once: true });
  return {
    decided: promise,
    decide: resolve,
    inLine: () => {
      cancelTimer = clock.after(holdMs, () => {
        void tooLong().then(reject);
      });
    },
    end: () => {
      cancelTimer();
      signal.removeEventListener('abort', leave);
    },
  };
}

/** What a session lacks now: the user has paused it, or it has given its slot back and not got one again. */
export async function lackOf(ledger: Ledger, sessionId: string): Promise<Lack> {
  const sessions = await ledger.liveSessions().catch(() => []);
  const session = sessions.find((candidate) => candidate.sessionId === sessionId);
  if (session?.pausedAt !== undefined) return 'resumption';
  return session?.state === 'idle' ? 'slot' : 'limits';
}

/** Whoever is refused waits no longer for a ledger that cannot be written, in milliseconds: it is tried again without them. */
const refusalPatienceMs = 1000;

/** Waits a moment until something is done, whatever becomes of it. */
export function aMoment(clock: Clock, work: Promise<unknown>): Promise<void> {
  return withinTime(
    clock,
    refusalPatienceMs,
    work.catch(() => undefined),
  );
}
