import { type Decided } from './admissionRefusals.ts';
import { type Clock } from './clock.ts';
import { type Ledger } from './ledger.ts';

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

/** Whether the session has given its slot back and not got one again. */
export async function lacksSlot(ledger: Ledger, sessionId: string): Promise<boolean> {
  const sessions = await ledger.liveSessions().catch(() => []);
  return sessions.some((session) => session.sessionId === sessionId && session.state === 'idle');
}
