import { type UsageEntry } from '../core/ledger.ts';
import { mapDimensionRows } from './bucketRows.ts';
import { type RateDimension } from '../core/rateLimits.ts';
import { type LiveSession, type Session } from '../core/session.ts';
import { addUsage, noUsage } from '../core/usage.ts';
import {
  type BucketRow,
  type DayRow,
  type EngineRow,
  type LedgerStore,
  type PlanRow,
  type ReservationRow,
  type SessionRow,
  type SlotTicketRow,
} from './ledgerStore.ts';

/** Request ids remembered against booking twice; the oldest is forgotten first. */
const rememberedRequestIds = 100_000;

/**
 * Rows in memory: for tests, and for windows whose VS Code has no `node:sqlite`. Nothing of it survives the engine,
 * and other windows do not see it. A transaction that throws has not written anything, because the books decide first
 * and write last.
 */
export class MemoryStore implements LedgerStore {
  readonly #sessions = new Map<string, SessionRow>();
  readonly #tickets = new Map<string, SlotTicketRow>();
  readonly #reservations = new Map<string, ReservationRow>();
  readonly #buckets = new Map<string, BucketRow>();
  readonly #plans = new Map<string, PlanRow>();
  readonly #days = new Map<string, DayRow>();
  readonly #requestIds = new Set<string>();
  readonly #engines = new Map<string, EngineRow>();
  readonly #listeners = new Set<() => void>();
  #changed = false;

  transaction<T>(body: () => T): Promise<T> {
    try {
      return Promise.resolve(body());
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    } finally {
      if (this.#changed) {
        this.#changed = false;
        queueMicrotask(() => {
          for (const listener of this.#listeners) listener();
        });
      }
    }
  }

  read<T>(body: () => T): Promise<T> {
    return this.transaction(body);
  }

  putSession(row: SessionRow): void {
    this.#changed = true;
    this.#sessions.set(row.session.sessionId, row);
  }

  session(sessionId: string): SessionRow | undefined {
    return this.#sessions.get(sessionId);
  }

  sessionOfTokenHash(tokenHash: string): SessionRow | undefined {
    for (const row of this.#sessions.values()) if (row.tokenHash === tokenHash) return row;
    return undefined;
  }

  liveSessions(): LiveSession[] {
    return [...this.#sessions.values()].flatMap(({ session }) => (session.state === 'ended' ? [] : [session]));
  }

  slotHolders(planId: string): { sessionId: string; agentId: string }[] {
    return this.liveSessions().filter(
      (session) => session.planId === planId && session.state === 'active' && session.mode !== 'unauthenticated',
    );
  }

  putTicket(row: SlotTicketRow): void {
    this.#changed = true;
    this.#tickets.set(row.ticket, row);
  }

  removeTicket(ticket: string): void {
    if (this.#tickets.delete(ticket)) this.#changed = true;
  }

  tickets(planId: string): SlotTicketRow[] {
    return [...this.#tickets.values()].filter((row) => row.planId === planId);
  }

  ticketsOfEngine(engineId: string): SlotTicketRow[] {
    return [...this.#tickets.values()].filter((row) => row.engineId === engineId);
  }

  putReservation(row: ReservationRow): void {
    this.#changed = true;
    this.#reservations.set(row.reservationId, row);
  }

  reservation(reservationId: string): ReservationRow | undefined {
    return this.#reservations.get(reservationId);
  }

  removeReservation(reservationId: string): void {
    if (this.#reservations.delete(reservationId)) this.#changed = true;
  }

  waitingReservations(planId: string): ReservationRow[] {
    return this.#reservationsWhere((row) => row.planId === planId && row.state === 'waiting');
  }

  reservationsOfEngine(engineId: string): ReservationRow[] {
    return this.#reservationsWhere((row) => row.engineId === engineId);
  }

  decidedReservations(engineId: string): ReservationRow[] {
    return this.#reservationsWhere(
      (row) => row.engineId === engineId && row.state !== 'waiting' && row.state !== 'running',
    );
  }

  tokensUnderWay(planId: string): number {
    return this.#reservationsWhere(
      (row) => row.planId === planId && (row.state === 'admitted' || row.state === 'running'),
    ).reduce((sum, { cost, charged }) => sum + Math.max(cost.tokensPerMinute, charged.tokensPerMinute), 0);
  }

  reservationsOfSession(sessionId: string): ReservationRow[] {
    return this.#reservationsWhere((row) => row.sessionId === sessionId);
  }

  reservationActivity(): ReservationRow[] {
    return [...this.#reservations.values()];
  }

  buckets(planId: string): Readonly<Record<RateDimension, BucketRow>> {
    return mapDimensionRows((dimension) => this.#buckets.get(`${planId} ${dimension}`));
  }

  putBucket(planId: string, dimension: RateDimension, row: BucketRow): void {
    this.#changed = true;
    this.#buckets.set(`${planId} ${dimension}`, row);
  }

  plan(planId: string): PlanRow {
    return this.#plans.get(planId) ?? { virtualTime: 0, pausedAt: 0, pausedUntil: 0 };
  }

  putPlan(planId: string, row: PlanRow): void {
    this.#changed = true;
    this.#plans.set(planId, row);
  }

  day(planId: string, day: string): DayRow {
    return this.#days.get(`${planId} ${day}`) ?? { usage: noUsage, requests: 0 };
  }

  addUsage(entry: UsageEntry, _session: Session, planId: string, day: string): boolean {
    const { requestId } = entry;
    if (requestId !== undefined) {
      if (this.#requestIds.has(requestId)) return false;
      this.#requestIds.add(requestId);
      if (this.#requestIds.size > rememberedRequestIds) {
        for (const oldest of this.#requestIds) {
          this.#requestIds.delete(oldest);
          break;
        }
      }
    }
    this.#changed = true;
    const known = this.day(planId, day);
    const row = { usage: addUsage(known.usage, entry.usage), requests: known.requests + 1 };
    this.#days.set(`${planId} ${day}`, row);
    return true;
  }

  putEngine(row: EngineRow): void {
    this.#engines.set(row.engineId, row);
  }

  removeEngine(engineId: string): void {
    this.#engines.delete(engineId);
  }

  engines(): EngineRow[] {
    return [...this.#engines.values()];
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#listeners.clear();
  }

  #reservationsWhere(matches: (row: ReservationRow) => boolean): ReservationRow[] {
    return [...this.#reservations.values()].filter(matches);
  }
}
