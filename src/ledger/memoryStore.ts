import type { UsageEntry } from '../core/ledger.ts';
import type { LiveSession } from '../core/session.ts';
import type { Subagent, SubagentUsage } from '../core/subagent.ts';
import { addUsage, allInputTokens, noUsage, type Usage } from '../core/usage.ts';
import { longInputTokens, type UsageSum } from '../core/usageSum.ts';
import {
  type DayRow,
  type EngineRow,
  newScope,
  type LedgerStore,
  type ReservationRow,
  type ScopeRow,
  type SessionRow,
  type SlotTicketRow,
  type UsageBooking,
  type UsageRange,
} from './ledgerStore.ts';
import { MemorySharedRows } from './memorySharedRows.ts';

/** Entries of usage, and request ids against booking twice, that are remembered; the oldest is forgotten first. */
const remembered = 100_000;

/**
 * Rows in memory: for tests, and for windows whose VS Code has no `node:sqlite`. Nothing of it survives the engine,
 * and other windows do not see it. A transaction that throws has not written anything, because the books decide first
 * and write last.
 */
export class MemoryStore implements LedgerStore {
  readonly shared = new MemorySharedRows();
  readonly #sessions = new Map<string, SessionRow>();
  /** By the hash of the session's token. */
  readonly #sessionIds = new Map<string, string>();
  readonly #tickets = new Map<string, SlotTicketRow>();
  readonly #reservations = new Map<string, ReservationRow>();
  readonly #scopes = new Map<string, ScopeRow>();
  readonly #days = new Map<string, DayRow>();
  /** By session, then by the subagent's id. */
  readonly #subagents = new Map<string, Map<string, SubagentUsage>>();
  readonly #requestIds = new Set<string>();
  /** In order of booking. */
  readonly #entries: UsageSum[] = [];
  /** How many entries there were before. */
  #forgotten = 0;
  readonly #engines = new Map<string, EngineRow>();
  readonly #listeners = new Set<() => void>();
  #changed = false;

  /** Of what is booked. */
  get requestIds(): ReadonlySet<string> {
    return this.#requestIds;
  }

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

  unhurried<T>(body: () => T): Promise<T> {
    return this.transaction(body);
  }

  sessionAtHand(tokenHash: string): SessionRow | undefined {
    return this.sessionOfTokenHash(tokenHash);
  }

  read<T>(body: () => T): Promise<T> {
    return this.transaction(body);
  }

  putSession(row: SessionRow): void {
    this.#changed = true;
    this.#sessions.set(row.session.sessionId, row);
    this.#sessionIds.set(row.tokenHash, row.session.sessionId);
  }

  session(sessionId: string): SessionRow | undefined {
    return this.#sessions.get(sessionId);
  }

  sessionOfTokenHash(tokenHash: string): SessionRow | undefined {
    return this.#sessions.get(this.#sessionIds.get(tokenHash) ?? '');
  }

  liveSessions(): LiveSession[] {
    return [...this.#sessions.values()].flatMap(({ session }) => (session.state === 'ended' ? [] : [session]));
  }

  hasLiveSessions(planId: string): boolean {
    return this.liveSessions().some((session) => session.planId === planId);
  }

  idleSessionIds(planId: string): string[] {
    return this.liveSessions()
      .filter((session) => session.planId === planId && session.state === 'idle')
      .map(({ sessionId }) => sessionId);
  }

  sessionsOfEngine(engineId: string): SessionRow[] {
    return [...this.#sessions.values()].filter((row) => row.engineId === engineId && row.session.state !== 'ended');
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

  tokensUnderWay(scopeId: string): number {
    return this.#reservationsWhere(
      (row) => row.scopes.includes(scopeId) && (row.state === 'admitted' || row.state === 'running'),
    ).reduce((sum, { cost, charged }) => sum + Math.max(cost.tokensPerMinute, charged.tokensPerMinute), 0);
  }

  reservationsOfSession(sessionId: string): ReservationRow[] {
    return this.#reservationsWhere((row) => row.sessionId === sessionId);
  }

  reservationActivity(): ReservationRow[] {
    return [...this.#reservations.values()];
  }

  scope(scopeId: string): ScopeRow {
    return this.#scopes.get(scopeId) ?? newScope;
  }

  putScope(scopeId: string, row: ScopeRow): void {
    this.#changed = true;
    this.#scopes.set(scopeId, row);
  }

  planIds(): string[] {
    return [...new Set([...this.#scopes.keys()].map((id) => id.split('/', 1)[0] ?? id))];
  }

  scopeIds(planId: string): string[] {
    return [...this.#scopes.keys()].filter((id) => id === planId || id.startsWith(`${planId}/`));
  }

  day(scopeId: string, day: string): DayRow {
    return this.#days.get(`${scopeId} ${day}`) ?? { usage: noUsage, requests: 0 };
  }

  addUsage(entry: UsageEntry, { session, planId, scopeIds, day, at }: UsageBooking): boolean {
    const { requestId, usage, model } = entry;
    if (requestId !== undefined) {
      // Whoever is told again is remembered as if new, or many that are told twice in turn would push each other out.
      const isKnown = this.#requestIds.delete(requestId);
      this.#requestIds.add(requestId);
      if (isKnown) return false;
      if (this.#requestIds.size > remembered) {
        for (const oldest of this.#requestIds) {
          this.#requestIds.delete(oldest);
          break;
        }
      }
    }
    this.#changed = true;
    const { sessionId, agentId } = session;
    const isLong = allInputTokens(usage) > longInputTokens;
    this.#entries.push({ at, planId, agentId, sessionId, model, isLong, requests: 1, usage });
    if (this.#entries.length > 2 * remembered) this.#forget(remembered);
    if (entry.subagent !== undefined) this.#addToSubagent(session.sessionId, entry.subagent, entry.usage, at);
    for (const scopeId of scopeIds) {
      const known = this.day(scopeId, day);
      const row = { usage: addUsage(known.usage, entry.usage), requests: known.requests + 1 };
      this.#days.set(`${scopeId} ${day}`, row);
    }
    return true;
  }

  #forget(entries: number): void {
    this.#entries.splice(0, entries);
    this.#forgotten += entries;
  }

  #addToSubagent(sessionId: string, subagent: Subagent, usage: Usage, lastAt: number): void {
    const ofSession = this.#subagents.get(sessionId) ?? new Map<string, SubagentUsage>();
    this.#subagents.set(sessionId, ofSession);
    const known = ofSession.get(subagent.subagentId) ?? { ...subagent, requests: 0, usage: noUsage };
    const sum = { ...known, requests: known.requests + 1, usage: addUsage(known.usage, usage), lastAt };
    ofSession.set(subagent.subagentId, sum);
  }

  subagentUsage(): ReadonlyMap<string, readonly SubagentUsage[]> {
    return new Map(
      [...this.#subagents]
        .filter(([sessionId]) => (this.#sessions.get(sessionId)?.session.state ?? 'ended') !== 'ended')
        .map(([sessionId, subagents]) => [sessionId, [...subagents.values()]] as const),
    );
  }

  usagePosition(at: number): number {
    const index = this.#entries.findIndex((entry) => entry.at >= at);
    return this.#forgotten + (index === -1 ? this.#entries.length : index);
  }

  usageSums(first: number, end: number, { from, to, stepMs, detail }: UsageRange): UsageSum[] {
    return this.#entries
      .slice(Math.max(0, first - this.#forgotten), Math.max(0, end - this.#forgotten))
      .filter(({ at }) => at >= from && at < to)
      .map((entry) => ({
        ...entry,
        sessionId: detail === 'session' ? entry.sessionId : undefined,
        at: from + Math.floor((entry.at - from) / stepMs) * stepMs,
      }));
  }

  dropBefore(at: number): number {
    for (const [id, { session, tokenHash }] of this.#sessions) {
      if (session.state !== 'ended' || session.endedAt >= at) continue;
      this.#sessions.delete(id);
      this.#sessionIds.delete(tokenHash);
      this.#subagents.delete(id);
    }
    const dropped = this.usagePosition(at) - this.#forgotten;
    this.#forget(dropped);
    return dropped;
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

  close(): Promise<void> {
    this.#listeners.clear();
    return Promise.resolve();
  }

  #reservationsWhere(matches: (row: ReservationRow) => boolean): ReservationRow[] {
    return [...this.#reservations.values()].filter(matches);
  }
}
