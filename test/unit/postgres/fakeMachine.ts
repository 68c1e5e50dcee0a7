import {
  type LeaseAmounts,
  type LeaseDimension,
  type LeaseGrant,
  type LeaseLimits,
  leaseDimensions,
  SharedQuotaError,
  type MachineIdentity,
  type ScopeGrant,
  type SharedQuota,
} from '../../../src/core/sharedQuota.ts';

/** An amount in each dimension: 0 where none is given. */
export function amounts(given: Partial<LeaseAmounts> = {}): LeaseAmounts {
  const all = Object.fromEntries(leaseDimensions.map((dimension) => [dimension, 0])) as Record<LeaseDimension, number>;
  return { ...all, ...given };
}

export function identity(machineId: string): MachineIdentity {
  return { machineId, name: `${machineId}.example`, user: 'ann' };
}

/** What a test's machine is. */
export interface FakeMachineOptions {
  readonly set?: LeaseLimits;
  readonly weight?: number;
  readonly planId?: string;
  readonly scopeId?: string;
  readonly dayKey?: string;
}

type Given = Partial<LeaseAmounts>;

/** A machine that keeps the counters of one scope as core/sharedQuota.ts says. */
export class FakeMachine {
  readonly #quota: SharedQuota;
  readonly id: string;
  readonly #options: FakeMachineOptions;
  epoch: number | undefined;
  dayKey: string;
  granted = amounts();
  returned = amounts();
  consumed = amounts();
  held = amounts();
  weight: number;
  last: LeaseGrant | undefined;

  constructor(quota: SharedQuota, id: string, options: FakeMachineOptions = {}) {
    this.#quota = quota;
    this.id = id;
    this.#options = options;
    this.weight = options.weight ?? 1;
    this.dayKey = options.dayKey ?? '2026-05-05';
  }

  get planId(): string {
    return this.#options.planId ?? 'plan';
  }

  /** What it may still use. */
  room(dimension: LeaseDimension): number {
    const of = (known: LeaseAmounts): number => known[dimension];
    return of(this.granted) - of(this.returned) - of(this.consumed) - of(this.held);
  }

  /** Calls the database. @param keepsAnswer false: the answer is lost on the way. */
  async ask(needs: Given = {}, wants: Given = {}, keepsAnswer = true): Promise<ScopeGrant> {
    const { set = {}, scopeId = this.planId } = this.#options;
    const answer = await this.#quota.renew({
      planId: this.planId,
      machine: identity(this.id),
      epoch: this.epoch,
      dayKey: this.dayKey,
      scopes: [
        {
          scopeId,
          set,
          consumed: this.consumed,
          returned: this.returned,
          held: this.held,
          needs: amounts(needs),
          wants: amounts({ ...needs, ...wants }),
          weight: this.weight,
        },
      ],
    });
    const [grant] = answer.scopes;
    if (grant === undefined) throw new Error('There is no scope in the answer.');
    if (keepsAnswer) this.#take(answer, grant);
    return grant;
  }

  /** The same, again and again while the database is too busy to answer: on a slow machine many at once wait for long. */
  async askUntilAnswered(needs: Given = {}, wants: Given = {}): Promise<ScopeGrant> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.ask(needs, wants);
      } catch (error) {
        if (!(error instanceof SharedQuotaError && error.kind === 'away') || attempt === 10) throw error;
      }
    }
  }

  #take(answer: LeaseGrant, grant: ScopeGrant): void {
    if (answer.epoch !== this.epoch) this.returned = amounts();
    this.epoch = answer.epoch;
    this.granted = grant.granted;
    this.last = answer;
  }

  /** Uses so much of what is leased; the next call tells. */
  use(given: Given): void {
    this.consumed = this.#more(this.consumed, given);
  }

  hold(given: Given): void {
    this.held = this.#more(this.held, given);
  }

  /** What is held is used. */
  settle(): void {
    this.consumed = this.#more(this.consumed, this.held);
    this.held = amounts();
  }

  giveBack(given: Given): void {
    this.returned = this.#more(this.returned, given);
  }

  #more(known: LeaseAmounts, given: Given): LeaseAmounts {
    const more = amounts(given);
    return amounts(
      Object.fromEntries(leaseDimensions.map((dimension) => [dimension, known[dimension] + more[dimension]])),
    );
  }
}
