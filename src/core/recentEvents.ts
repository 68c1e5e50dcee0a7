import type { EventContent, EventSession, RecentEvent } from '../shared/recentEvent.ts';
import type { Clock } from './clock.ts';
import type { Problem } from './credentials.ts';
import type { LedgerView } from './ledger.ts';
import type { QuotaSignals } from './quotaSignals.ts';

/** Events kept; the oldest is forgotten first. */
const kept = 200;
/** What happens to a session again within so long is part of the same event, in milliseconds. */
const togetherMs = 10_000;

/** What is seen everywhere else while it lasts, and comes and goes with the load. */
const states: ReadonlySet<string> = new Set(['agents-wait', 'limit-reached']);

/** Of requests, what happens so often that several are one event. */
type Repeated = Extract<EventContent, { readonly requests: number }>;

/** What has happened of late: to requests of this engine, and to sessions, limits and faults of all. */
export class RecentEvents {
  readonly #clock: Clock;
  readonly #events: RecentEvent[] = [];
  readonly #stopListening: readonly (() => void)[];
  /** Agents by session, for what is told of a session by its id. */
  #agents: ReadonlyMap<string, string> | undefined;
  /** Agents by session that was opened since the last look. */
  readonly #opened = new Map<string, string>();
  #limits: ReadonlyMap<string, Omit<Extract<EventContent, { kind: 'limit-changed' }>, 'kind' | 'from'>> | undefined;
  #faults: ReadonlyMap<string, Problem> = new Map();
  #planId: string | undefined;
  #lastId = 0;

  constructor(signals: QuotaSignals, clock: Clock) {
    this.#clock = clock;
    this.#stopListening = [
      signals.opened.add((sessionId, agentId) => {
        // One that ends before anybody looks is never asked for again.
        if (this.#opened.size >= kept) this.#opened.clear();
        this.#opened.set(sessionId, agentId);
      }),
      signals.admitted.add((sessionId, waitedMs) => {
        if (waitedMs > 0)
          this.#repeat({ kind: 'waited', session: this.#named(sessionId), requests: 1, longestMs: waitedMs });
      }),
      signals.refused.add((sessionId, why) => {
        this.#repeat({ kind: 'refused', session: this.#named(sessionId), requests: 1, why });
      }),
      signals.answered.add((sessionId, status) => {
        if (status === 429 || status === 529)
          this.#repeat({ kind: 'limited', session: this.#named(sessionId), requests: 1, status });
      }),
    ];
  }

  /** The newest event's id; 0 while there is none. */
  get lastId(): number {
    return this.#lastId;
  }

  /** Those after an event, oldest first. */
  after(id: number): readonly RecentEvent[] {
    return this.#events.filter((event) => event.id > id);
  }

  /** The name of the agent of a session that was live at the last look or has been opened since; else empty. */
  agentOf(sessionId: string): string {
    return this.#agents?.get(sessionId) ?? this.#opened.get(sessionId) ?? '';
  }

  /**
   * Compares what is known now with what was known before.
   * @param planId changes of limits are those of one plan.
   */
  look(
    { sessions, status }: Pick<LedgerView, 'sessions' | 'status'>,
    problems: readonly Problem[],
    planId: string,
  ): void {
    this.#lookAtSessions(new Map(sessions.map(({ sessionId, agentId }) => [sessionId, agentId])));
    this.#lookAtLimits(status, planId);
    this.#lookAtFaults(problems);
  }

  dispose(): void {
    for (const stop of this.#stopListening) stop();
  }

  #lookAtSessions(agents: ReadonlyMap<string, string>): void {
    const before = this.#agents;
    this.#agents = agents;
    for (const sessionId of agents.keys()) this.#opened.delete(sessionId);
    // What runs already when the engine begins did not start now.
    if (before === undefined) return;
    for (const [sessionId, agentId] of agents)
      if (!before.has(sessionId)) this.#add({ kind: 'session-started', session: { sessionId, agentId } });
    for (const [sessionId, agentId] of before)
      if (!agents.has(sessionId)) this.#add({ kind: 'session-ended', session: { sessionId, agentId } });
  }

  #lookAtLimits(status: LedgerView['status'], planId: string): void {
    const limits = new Map(
      status.limits.map(({ dimension, models, limit }) => [
        `${dimension} ${models ?? ''}`,
        { dimension, ...(models !== undefined && { models }), to: limit },
      ]),
    );
    const before = planId === this.#planId ? this.#limits : undefined;
    this.#planId = planId;
    this.#limits = limits;
    if (before === undefined) return;
    for (const [key, limit] of limits) {
      const from = before.get(key)?.to;
      // A window that is reported for the first time has always been there.
      if (from !== undefined && from !== limit.to) this.#add({ kind: 'limit-changed', ...limit, from });
    }
  }

  #lookAtFaults(problems: readonly Problem[]): void {
    const faults = new Map(problems.filter(({ code }) => !states.has(code)).map((problem) => [problem.code, problem]));
    for (const [code, { message }] of faults) if (!this.#faults.has(code)) this.#add({ kind: 'fault', code, message });
    for (const [code, { message }] of this.#faults)
      if (!faults.has(code)) this.#add({ kind: 'fault-over', code, message });
    this.#faults = faults;
  }

  #named(sessionId: string): EventSession {
    return { sessionId, agentId: this.agentOf(sessionId) };
  }

  /** Adds it to the last event of its session that is like it, if that is young enough. */
  #repeat(content: Repeated): void {
    const now = this.#clock.now();
    const at = this.#events.findLastIndex(
      (event) =>
        event.kind === content.kind &&
        event.session.sessionId === content.session.sessionId &&
        Math.abs(now - event.at) <= togetherMs,
    );
    const before = this.#events[at];
    if (before === undefined || !('requests' in before) || !isLike(before, content)) {
      this.#add(content);
      return;
    }
    this.#events.splice(at, 1);
    const requests = before.requests + 1;
    if (content.kind !== 'waited' || before.kind !== 'waited') this.#add({ ...content, requests });
    else this.#add({ ...content, requests, longestMs: Math.max(before.longestMs, content.longestMs) });
  }

  #add(content: EventContent): void {
    this.#lastId += 1;
    this.#events.push({ id: this.#lastId, at: this.#clock.now(), ...content });
    if (this.#events.length > kept) this.#events.shift();
  }
}

function isLike(before: Repeated, content: Repeated): boolean {
  if (before.kind === 'refused' && content.kind === 'refused') return before.why === content.why;
  if (before.kind === 'limited' && content.kind === 'limited') return before.status === content.status;
  return before.kind === content.kind;
}
