import { afterRefusal, shareAt, wholeShare, type AdaptiveShare } from '../../src/core/adaptiveShare.ts';
import type { LimitReport } from '../../src/core/admission.ts';
import { leaseAmounts, noLeaseAmounts, smallerLeaseLimits } from '../../src/core/lease.ts';
import { withReported, type PlanWindow } from '../../src/core/planWindow.ts';
import {
  leaseDimensions,
  type LeaseAsk,
  type LeaseDimension,
  type LeaseGrant,
  type LeaseLimits,
  type ScopeAsk,
  type ScopeGrant,
} from '../../src/core/sharedQuota.ts';
import { fairGrant, type Claim } from './fairGrant.ts';
import type { Holding, Offer, SharedMachine, SharedScope } from './memorySharedRows.ts';

const rates = (dimension: LeaseDimension): boolean => dimension !== 'tokensPerDay' && dimension !== 'slots';

/** One plan of a shared quota in memory: who has leased what of it, and what is used. */
export class MemorySharedPlan {
  readonly #now: () => number;
  readonly #durationMs: number;
  readonly #owner: ReadonlyMap<string, LeaseLimits>;
  readonly #roomCame: () => void;
  readonly #machines = new Map<string, SharedMachine>();
  readonly #scopes = new Map<string, SharedScope>();
  #windows: readonly PlanWindow[] = [];
  #share: AdaptiveShare = wholeShare;

  /** @param owner what the owner has set, by scope. */
  constructor(now: () => number, durationMs: number, owner: ReadonlyMap<string, LeaseLimits>, roomCame: () => void) {
    this.#now = now;
    this.#durationMs = durationMs;
    this.#owner = owner;
    this.#roomCame = roomCame;
  }

  leased(scopeId: string, dimension: LeaseDimension): number {
    this.#expire();
    return this.#leased(scopeId, dimension);
  }

  renew(ask: LeaseAsk): LeaseGrant {
    const { planId, dayKey } = ask;
    this.#expire();
    const now = this.#now();
    const known = this.#machines.get(ask.machine.machineId);
    const machine = known ?? { epoch: 0, endsAt: 0, service: 0, seenAt: now, holdings: new Map<string, Holding>() };
    this.#machines.set(ask.machine.machineId, machine);
    const isNew = machine.endsAt <= now;
    if (isNew) {
      machine.epoch += 1;
      const others = [...this.#machines.values()].filter((other) => other !== machine && other.endsAt > now);
      if (others.length > 0)
        machine.service = Math.max(machine.service, Math.min(...others.map(({ service }) => service)));
    }
    machine.endsAt = now + this.#durationMs;
    machine.seenAt = now;
    const isCurrent = !isNew && ask.epoch === machine.epoch;
    for (const scope of ask.scopes) this.#report(machine, scope, dayKey, isNew, isCurrent);
    let waitMs: number | undefined;
    for (const { scopeId } of ask.scopes) {
      const wait = this.#grant(machine, scopeId, dayKey);
      if (wait !== undefined) waitMs = Math.max(waitMs ?? 0, wait);
    }
    return {
      planId,
      epoch: machine.epoch,
      durationMs: this.#durationMs,
      dayKey,
      scopes: ask.scopes.map((scope) => this.#scopeGrant(machine, scope, dayKey)),
      askAgainAfterMs: waitMs,
      othersWait: this.#othersWait(machine),
    };
  }

  #report(machine: SharedMachine, ask: ScopeAsk, dayKey: string, isNew: boolean, isCurrent: boolean): void {
    const scope = this.#scope(ask.scopeId);
    const known = machine.holdings.get(ask.scopeId);
    const holding: Holding = known ?? {
      consumed: { ...ask.consumed },
      returned: { ...noLeaseAmounts },
      granted: { ...noLeaseAmounts },
      ask,
      wants: { ...noLeaseAmounts },
      needs: { ...noLeaseAmounts },
      dayKey,
      presumed: 0,
    };
    machine.holdings.set(ask.scopeId, holding);
    if (holding.dayKey < dayKey) {
      holding.consumed.tokensPerDay = holding.returned.tokensPerDay = holding.granted.tokensPerDay = 0;
      holding.dayKey = dayKey;
      holding.presumed = 0;
    }
    if (isNew) {
      for (const dimension of leaseDimensions) holding.granted[dimension] = holding.returned[dimension] = 0;
      holding.presumed = 0;
    }
    holding.ask = ask;
    let service = 0;
    for (const dimension of leaseDimensions) {
      const limit = this.#limit(ask.scopeId, dimension);
      if (rates(dimension)) {
        const more = Math.max(0, ask.consumed[dimension] - holding.consumed[dimension]);
        const used = scope.used[dimension];
        const bound = isNew ? Math.max(limit ?? 0, used) : Infinity;
        scope.used[dimension] = limit === undefined ? 0 : Math.min(used + more, bound);
      }
      holding.consumed[dimension] = Math.max(holding.consumed[dimension], ask.consumed[dimension]);
      if (isCurrent) {
        const back = Math.max(0, ask.returned[dimension] - holding.returned[dimension]);
        holding.returned[dimension] += back;
        if (limit !== undefined) service = Math.max(service, back / limit / Math.max(ask.weight, 0.01));
      }
      const { returned, consumed } = isCurrent ? ask : holding;
      const promised = returned[dimension] + consumed[dimension] + ask.held[dimension];
      holding.granted[dimension] = Math.max(holding.granted[dimension], promised);
      holding.wants[dimension] = ask.wants[dimension];
      holding.needs[dimension] = ask.needs[dimension];
    }
    machine.service -= service;
    if (service > 0) if (this.#othersWait(machine)) this.#roomCame();
  }

  /**
   * Part of what is needed helps nobody, but for slots: it is granted whole or not at all, and more only beside it.
   * @returns when to ask again; undefined when all that was needed is granted or only others can help.
   */
  #grant(machine: SharedMachine, scopeId: string, dayKey: string): number | undefined {
    const holding = machine.holdings.get(scopeId);
    if (holding?.dayKey !== dayKey) return undefined;
    const offers = leaseDimensions.flatMap((dimension) => this.#offer(machine, holding, scopeId, dimension));
    const lacks = offers.filter(({ dimension, lacking }) => dimension !== 'slots' && lacking > 1e-7);
    let service = 0;
    for (const { dimension, limit, needed, extra } of offers) {
      if (dimension !== 'slots' && lacks.length > 0) continue;
      holding.granted[dimension] += needed + extra;
      holding.wants[dimension] -= needed + extra;
      holding.needs[dimension] -= needed;
      service = Math.max(service, (needed + extra) / limit / Math.max(holding.ask.weight, 0.01));
    }
    machine.service += service;
    const waits = lacks
      .filter(({ used }) => used > 0)
      .map(({ lacking, limit, used }) => Math.min(lacking, used) / limit);
    return waits.length === 0 ? undefined : Math.max(1, Math.ceil(Math.max(...waits) * 60_000));
  }

  /** What there is of one dimension for a machine that wants it; nothing where it does not or nothing limits it. */
  #offer(machine: SharedMachine, holding: Holding, scopeId: string, dimension: LeaseDimension): Offer[] {
    const limit = this.#limit(scopeId, dimension);
    if (limit === undefined || holding.wants[dimension] <= 0) return [];
    const used = this.#used(scopeId, dimension, holding.dayKey);
    const room = limit - used - this.#leased(scopeId, dimension);
    const claims = [...this.#machines].flatMap(([id, { endsAt, service, holdings }]): Claim[] => {
      const wish = holdings.get(scopeId);
      if (wish === undefined || endsAt <= this.#now() || wish.wants[dimension] <= 0) return [];
      return [{ id, service, weight: wish.ask.weight, needs: wish.needs[dimension], wants: wish.wants[dimension] }];
    });
    const own = claims.find(({ id }) => this.#machines.get(id) === machine);
    const { needed, extra, ahead } = fairGrant(claims, own?.id ?? '', Math.max(0, room), limit);
    const lacking = holding.needs[dimension] - needed;
    const lacksNow = Math.max(0, holding.needs[dimension] + ahead - Math.max(0, room));
    return [{ dimension, limit, used, needed, extra, lacking: lacking > 1e-7 ? lacksNow : 0 }];
  }

  #scopeGrant(machine: SharedMachine, { scopeId }: ScopeAsk, dayKey: string): ScopeGrant {
    const scope = this.#scope(scopeId);
    const limits = this.#limits(scopeId);
    const live = [...this.#machines.values()].filter(({ endsAt }) => endsAt > this.#now());
    const weightOf = ({ holdings }: SharedMachine): number => holdings.get(scopeId)?.ask.weight ?? 0;
    const all = live.reduce((sum, other) => sum + weightOf(other), 0);
    const part = all === 0 ? 1 : weightOf(machine) / all;
    return {
      scopeId,
      granted: { ...(machine.holdings.get(scopeId)?.granted ?? noLeaseAmounts) },
      limits,
      reported: scope.reported,
      used: leaseAmounts((dimension) => this.#used(scopeId, dimension, dayKey)),
      leased: leaseAmounts((dimension) => this.#leased(scopeId, dimension)),
      fairShare: leaseAmounts((dimension) => {
        const used = dimension === 'tokensPerDay' ? this.#used(scopeId, dimension, dayKey) : 0;
        return Math.max(0, (limits[dimension] ?? 0) - used) * part;
      }),
      pausedForMs: Math.max(0, scope.pausedUntil - this.#now()),
      windows: scopeId.includes('/') ? [] : this.#windows,
    };
  }

  #othersWait(machine: SharedMachine): boolean {
    return [...this.#machines.values()].some(
      (other) =>
        other !== machine &&
        other.endsAt > this.#now() &&
        [...other.holdings.values()].some(({ needs }) => leaseDimensions.some((dimension) => needs[dimension] > 0)),
    );
  }

  /** Leases that have ended may have been used to the last. */
  #expire(): void {
    const now = this.#now();
    for (const [scopeId, scope] of this.#scopes) this.#refill(scopeId, scope, now);
    for (const machine of this.#machines.values()) {
      if (machine.endsAt > now || machine.endsAt === 0) continue;
      machine.endsAt = 0;
      for (const [scopeId, holding] of machine.holdings) {
        for (const dimension of leaseDimensions) {
          const left = leftOf(holding, dimension);
          if (rates(dimension) && this.#limit(scopeId, dimension) !== undefined) {
            this.#scope(scopeId).used[dimension] += left;
          }
          if (dimension === 'tokensPerDay') holding.presumed += left;
          holding.granted[dimension] = holding.returned[dimension] = 0;
          holding.wants[dimension] = holding.needs[dimension] = 0;
        }
      }
      this.#roomCame();
    }
  }

  #refill(scopeId: string, scope: SharedScope, now: number): void {
    for (const dimension of leaseDimensions) {
      const limit = this.#limit(scopeId, dimension) ?? 0;
      scope.used[dimension] = Math.max(0, scope.used[dimension] - (limit * (now - scope.at)) / 60_000);
    }
    scope.at = now;
  }

  #used(scopeId: string, dimension: LeaseDimension, dayKey: string): number {
    if (dimension === 'slots') return 0;
    if (dimension !== 'tokensPerDay') return this.#scope(scopeId).used[dimension];
    let sum = 0;
    for (const { holdings } of this.#machines.values()) {
      const holding = holdings.get(scopeId);
      if (holding?.dayKey === dayKey) sum += holding.consumed.tokensPerDay + holding.presumed;
    }
    return sum;
  }

  #leased(scopeId: string, dimension: LeaseDimension): number {
    let sum = 0;
    for (const { endsAt, holdings } of this.#machines.values()) {
      const holding = holdings.get(scopeId);
      if (holding !== undefined && endsAt > 0) sum += leftOf(holding, dimension);
    }
    return sum;
  }

  #limit(scopeId: string, dimension: LeaseDimension): number | undefined {
    return this.#limits(scopeId)[dimension];
  }

  #limits(scopeId: string): LeaseLimits {
    const all = [...this.#machines.values()];
    const live = all.filter(({ endsAt }) => endsAt > 0);
    const sets = (live.length > 0 ? live : all).flatMap(({ holdings }) => holdings.get(scopeId)?.ask.set ?? []);
    const smallest = sets.reduce((all, set) => smallerLeaseLimits(all, set), {});
    const owned = { ...smallest, ...this.#owner.get(scopeId) };
    const share = scopeId.includes('/') ? 1 : shareAt(this.#share, this.#now());
    const own: Partial<Record<LeaseDimension, number>> = {};
    for (const dimension of leaseDimensions) {
      const limit = owned[dimension];
      if (limit !== undefined)
        own[dimension] = share < 1 && rates(dimension) ? Math.max(1, Math.floor(limit * share)) : limit;
    }
    return smallerLeaseLimits(own, this.#scope(scopeId).reported);
  }

  observe(scopeId: string, report: LimitReport): void {
    this.#expire();
    const scope = this.#scope(scopeId);
    for (const { dimension, limit, remaining } of report.limits) {
      const slack = dimension === 'requestsPerMinute' ? 0 : 500;
      scope.reported = { ...scope.reported, [dimension]: limit };
      const leased = this.#leased(scopeId, dimension);
      scope.used[dimension] = Math.max(scope.used[dimension], limit - (remaining + slack + leased));
    }
    const pause = Math.min(report.retryAfterMs ?? 0, 600_000);
    scope.pausedUntil = Math.max(scope.pausedUntil, this.#now() + pause);
    this.#windows = withReported(this.#windows, report.windows);
    const isSilent = report.limited && report.limits.length === 0 && report.windows.length === 0;
    if (isSilent) this.#share = afterRefusal(this.#share, this.#now());
    this.#roomCame();
  }

  #scope(scopeId: string): SharedScope {
    const used = { ...noLeaseAmounts };
    const known = this.#scopes.get(scopeId) ?? { used, at: this.#now(), reported: {}, pausedUntil: 0 };
    this.#scopes.set(scopeId, known);
    return known;
  }
}

function leftOf({ granted, returned, consumed }: Holding, dimension: LeaseDimension): number {
  return Math.max(0, granted[dimension] - returned[dimension] - consumed[dimension]);
}
