import {
  SharedQuotaError,
  type LeaseLimits,
  type LeaseDimension,
  type PublishedMachine,
  type SeenMachine,
  type SharedNotice,
  type SharedQuota,
  type SharedUsageSum,
  type UsageBatch,
  type UsageDelivery,
} from '../../src/core/sharedQuota.ts';
import type { UsageDetail } from '../../src/core/usageSum.ts';
import { MemorySharedPlan } from './memorySharedPlan.ts';

/** A shared quota in memory, for tests: as strict as the real one, and as plain as can be. */
export class MemorySharedQuota {
  readonly #now: () => number;
  readonly #durationMs: number;
  /** What the owner has set, by scope. */
  readonly owner = new Map<string, LeaseLimits>();
  readonly #plans = new Map<string, MemorySharedPlan>();
  readonly #published = new Map<string, SeenMachine & { readonly at: number }>();
  readonly #listeners = new Set<(notice: SharedNotice) => void>();
  /** What was delivered, by machine. */
  readonly delivered = new Map<string, { through: number; entries: UsageDelivery[] }>();
  readonly #requestIds = new Set<string>();
  /** Nobody can ask. */
  isAway = false;
  calls = 0;

  constructor(now: () => number, durationMs = 10_000) {
    this.#now = now;
    this.#durationMs = durationMs;
  }

  /** What one machine asks it through. */
  connect(): SharedQuota {
    const mine = new Set<(notice: SharedNotice) => void>();
    const call = <T>(body: () => T): Promise<T> => {
      if (this.isAway) return Promise.reject(new SharedQuotaError('away', 'The database cannot be reached.'));
      return Promise.resolve().then(body);
    };
    return {
      renew: (ask) =>
        call(() => {
          this.calls += 1;
          return this.#plan(ask.planId).renew(ask);
        }),
      observe: (planId, scopeId, report) =>
        call(() => {
          this.#plan(planId).observe(scopeId, report);
        }),
      deliver: (batch) => call(() => this.#deliver(batch)),
      publish: (machine) =>
        call(() => {
          this.#publish(machine);
        }),
      machines: (planId) => call(() => this.#machines(planId)),
      usage: (planId, from, to, stepMs, detail) => call(() => this.#usage(planId, from, to, stepMs, detail)),
      onNotice: (listener) => {
        mine.add(listener);
        this.#listeners.add(listener);
        return () => {
          mine.delete(listener);
          this.#listeners.delete(listener);
        };
      },
      close: () => {
        for (const listener of mine) this.#listeners.delete(listener);
        return Promise.resolve();
      },
    };
  }

  /** Leased of a scope by all machines and not used. */
  leased(planId: string, scopeId: string, dimension: LeaseDimension): number {
    return this.#plan(planId).leased(scopeId, dimension);
  }

  #deliver({ machine, entries }: UsageBatch): number {
    const known = this.delivered.get(machine.machineId) ?? { through: 0, entries: [] };
    this.delivered.set(machine.machineId, known);
    for (const entry of entries) {
      if (entry.position <= known.through) continue;
      known.through = entry.position;
      if (entry.requestId !== undefined) {
        if (this.#requestIds.has(entry.requestId)) continue;
        this.#requestIds.add(entry.requestId);
      }
      known.entries.push(entry);
    }
    return known.through;
  }

  #publish(published: PublishedMachine): void {
    const key = JSON.stringify([published.planId, published.machine.machineId]);
    this.#published.set(key, { ...published, ageMs: 0, at: this.#now() });
    this.#tell({ kind: 'machines', planId: published.planId });
  }

  #machines(planId: string): SeenMachine[] {
    return [...this.#published.values()]
      .filter((seen) => seen.planId === planId)
      .map(({ at, ...seen }) => ({ ...seen, ageMs: this.#now() - at }));
  }

  #usage(planId: string, from: number, to: number, stepMs: number, detail: UsageDetail): SharedUsageSum[] {
    return [...this.delivered].flatMap(([machineId, { entries }]) =>
      entries
        .filter((entry) => entry.planId === planId && entry.at >= from && entry.at < to)
        .map(({ at, agentId, sessionId, model, usage }) => ({
          machineId,
          planId,
          at: from + Math.floor((at - from) / stepMs) * stepMs,
          agentId,
          sessionId: detail === 'session' ? sessionId : undefined,
          model,
          isLong: false,
          requests: 1,
          usage,
        })),
    );
  }

  #plan(planId: string): MemorySharedPlan {
    const known =
      this.#plans.get(planId) ??
      new MemorySharedPlan(this.#now, this.#durationMs, this.owner, () => {
        this.#tell({ kind: 'room', planId });
      });
    this.#plans.set(planId, known);
    return known;
  }

  #tell(notice: SharedNotice): void {
    for (const listener of [...this.#listeners]) listener(notice);
  }
}
