import type {
  AdmissionAsk,
  BatchedMessage,
  LimitReport,
  RequestAdmission,
  RequestOutcome,
  Reservation,
  TokenOwner,
} from '../../../src/core/admission.ts';
import type { LookUp } from '../../../src/core/session.ts';
import type { Usage } from '../../../src/core/usage.ts';

/** What was told about one reservation, in order. */
export type Told =
  | { readonly kind: 'answered' }
  | { readonly kind: 'metered'; readonly usage: Usage }
  | { readonly kind: 'settled'; readonly outcome: RequestOutcome }
  | { readonly kind: 'released' };

export interface FakeReservation {
  readonly ask: AdmissionAsk;
  readonly told: readonly Told[];
  /** Resolves when the reservation has ended. */
  readonly ended: Promise<RequestOutcome | 'released'>;
}

/** The session tokens that the fake knows. */
export const liveToken = 'sk-aq-live-0123456789abcdefghijklmnop';
export const endedToken = 'sk-aq-ended-0123456789abcdefghijklmno';

/** Records what the gateway asks and tells. */
export class FakeAdmission implements RequestAdmission {
  readonly reservations: FakeReservation[] = [];
  readonly reports: LimitReport[] = [];
  /** By session, in the order that they were told in. */
  readonly batched: { readonly sessionId: string; readonly message: BatchedMessage }[] = [];
  readonly lookUps: LookUp[] = [];
  /** Asks that wait or were refused included. */
  readonly asks: AdmissionAsk[] = [];
  /** How requests are admitted; at once by default. */
  admit: (ask: AdmissionAsk, signal: AbortSignal) => Promise<void> = () => Promise.resolve();

  ownerOfToken(token: string, how: LookUp = 'exact'): Promise<TokenOwner> {
    this.lookUps.push(how);
    const session = {
      sessionId: 'session-1',
      agentId: 'tester',
      planId: 'plan',
      mode: 'routed',
      allocation: { tokens: 1000 },
      process: { pid: 1 },
      workspace: 'test',
      createdAt: 0,
      lastActivityAt: 0,
      usage: {
        inputTokens: 0,
        cacheCreation5mTokens: 0,
        cacheCreation1hTokens: 0,
        cacheReadTokens: 0,
        outputTokens: 0,
      },
      requests: 0,
    } as const;
    if (token === liveToken) return Promise.resolve({ kind: 'live', session: { ...session, state: 'active' } });
    if (token !== endedToken) return Promise.resolve({ kind: 'unknown' });
    const ended = { ...session, state: 'ended', endedAt: 1, endReason: 'released' } as const;
    return Promise.resolve({ kind: 'ended', session: ended });
  }

  async reserve(ask: AdmissionAsk, signal: AbortSignal): Promise<Reservation> {
    this.asks.push(ask);
    await this.admit(ask, signal);
    const told: Told[] = [];
    const end = Promise.withResolvers<RequestOutcome | 'released'>();
    this.reservations.push({ ask, told, ended: end.promise });
    const record = (what: Told): Promise<void> => {
      told.push(what);
      if (what.kind === 'settled') end.resolve(what.outcome);
      if (what.kind === 'released') end.resolve('released');
      return Promise.resolve();
    };
    return {
      answered: () => record({ kind: 'answered' }),
      metered: (usage) => record({ kind: 'metered', usage }),
      settle: (outcome) => record({ kind: 'settled', outcome }),
      release: () => record({ kind: 'released' }),
    };
  }

  observe(report: LimitReport): Promise<void> {
    this.reports.push(report);
    return Promise.resolve();
  }

  bookBatch(sessionId: string, messages: readonly BatchedMessage[]): Promise<void> {
    this.batched.push(...messages.map((message) => ({ sessionId, message })));
    return Promise.resolve();
  }
}

/** How often each reservation was ended; it must be once. */
export function endsOf({ told }: FakeReservation): number {
  return told.filter(({ kind }) => kind === 'settled' || kind === 'released').length;
}
