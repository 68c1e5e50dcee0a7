import type { LimitReport } from './admission.ts';
import type { PlanWindow } from './planWindow.ts';
import { rateDimensions, type RateLimits } from './rateLimits.ts';
import type { Usage } from './usage.ts';
import type { UsageDetail, UsageSum } from './usageSum.ts';

/**
 * What is leased: the rates (token buckets, whole again after 60 seconds), the counted tokens of a day and the slots.
 * The last two do not refill.
 */
export const leaseDimensions = [...rateDimensions, 'tokensPerDay', 'slots'] as const;
export type LeaseDimension = (typeof leaseDimensions)[number];

/** An amount in each dimension: requests, counted tokens, slots. At least 0, not always whole. */
export type LeaseAmounts = Readonly<Record<LeaseDimension, number>>;

/** The limit of each dimension that has one. */
export type LeaseLimits = Readonly<Partial<Record<LeaseDimension, number>>>;

/** A machine: one local ledger, whichever windows share it. */
export interface MachineIdentity {
  /** Random, kept in the local ledger. */
  readonly machineId: string;
  /** For people to read; a pseudonym where the user hides names. */
  readonly name: string;
  readonly user: string;
}

/**
 * What a machine says of one scope (the plan, a model group, an agent; see `Scope`). All counters only ever grow within
 * their time, so a call that is repeated, lost or overtaken by another does no harm: the larger number holds.
 *
 * What a machine has leased and may still use is `granted - returned - consumed`, of which `held` is promised.
 */
export interface ScopeAsk {
  readonly scopeId: string;
  /** What the machine's own settings allow; a dimension that they do not limit is left out. */
  readonly set: LeaseLimits;
  /**
   * What the upstream is known to have counted for the machine, since the machine's ledger began, over all epochs.
   * Tokens of the day: of `LeaseAsk.dayKey`, from 0. Slots: always 0.
   */
  readonly consumed: LeaseAmounts;
  /** Given back unused, since the epoch began (tokens of the day: since the epoch or the day did). */
  readonly returned: LeaseAmounts;
  /** Promised now: to requests that the upstream has not counted yet, and the slots that sessions hold. */
  readonly held: LeaseAmounts;
  /**
   * What those who wait at the front need beside what is leased. Less than all of it helps nobody, so it comes before
   * what others want beyond their needs. 0 where nobody waits.
   */
  readonly needs: LeaseAmounts;
  /** What could be used until the next renewal beside what is leased: who waits and who will probably come. Includes `needs`. */
  readonly wants: LeaseAmounts;
  /** Sum of the weights of the machine's sessions that have demand here; at least 0. */
  readonly weight: number;
}

/** One machine's ask for one plan. */
export interface LeaseAsk {
  readonly planId: string;
  readonly machine: MachineIdentity;
  /** The epoch that the machine knows; undefined when it has none. */
  readonly epoch: number | undefined;
  /** The machine's local day, as `CalendarDay.key`: each day's tokens are counted for themselves. */
  readonly dayKey: string;
  readonly scopes: readonly ScopeAsk[];
}

/** What is shared of one scope, and the caller's part. */
export interface ScopeGrant {
  readonly scopeId: string;
  /**
   * Granted to the caller since the epoch began, with everything that it had when it began: never less than
   * `returned + consumed + held` of the ask. Without meaning where there is no limit.
   */
  readonly granted: LeaseAmounts;
  /**
   * The limits that hold for all machines together: the smaller of what the owner has set and what the upstream has
   * reported; where neither is known, the smallest that a machine with a lease has set for itself.
   */
  readonly limits: LeaseLimits;
  /** The part of `limits` that the upstream has reported. */
  readonly reported: RateLimits;
  /** Of all machines: used (the rates: not refilled yet; of the day: of the ask's day). Slots: always 0. */
  readonly used: LeaseAmounts;
  /** Of all machines: leased and not used yet, what is held included. */
  readonly leased: LeaseAmounts;
  /** The part of the limits that is fair for the caller now: what it may use by itself while the database is away. */
  readonly fairShare: LeaseAmounts;
  /** For how long the upstream still wants nothing, in milliseconds; 0 when it has not said so. */
  readonly pausedForMs: number;
  /** A subscription's windows, as reported last by any machine. The plan's scope alone. */
  readonly windows: readonly PlanWindow[];
}

/** The answer to an ask. */
export interface LeaseGrant {
  readonly planId: string;
  /**
   * The lease's epoch. Where the asked one is over (its time has ended, or it is unknown) a new one has begun: `granted`
   * is then `consumed + held` and what was granted on top, and nothing is returned yet. An ask of an earlier epoch than
   * the one that is in force counts as one of that, its `returned` left out.
   */
  readonly epoch: number;
  /** How long the lease lasts, in milliseconds since the call reached the database (the caller counts since it was sent). */
  readonly durationMs: number;
  /** The ask's. */
  readonly dayKey: string;
  /** One for each of the ask. */
  readonly scopes: readonly ScopeGrant[];
  /**
   * When to ask again for what is needed and was not granted, in milliseconds, if nothing else happens; undefined when
   * everything needed was granted, or only a change can help (a notice tells of it).
   */
  readonly askAgainAfterMs: number | undefined;
  /** Whether other machines wait for something that this one could give back. */
  readonly othersWait: boolean;
}

/** One used request. */
export interface UsageDelivery {
  /** Its place in the machine's outbox: only ever grows, with gaps. */
  readonly position: number;
  readonly planId: string;
  /** When it was booked, by the machine's clock, in milliseconds since the epoch. */
  readonly at: number;
  readonly sessionId: string;
  readonly agentId: string;
  readonly model: string | undefined;
  /** The upstream's id of the request: of two entries with the same one, the second is dropped. */
  readonly requestId: string | undefined;
  readonly usage: Usage;
}

export interface UsageBatch {
  readonly machine: MachineIdentity;
  /** In order of position. */
  readonly entries: readonly UsageDelivery[];
}

/** What a machine shows of itself to the others of a plan. */
export interface PublishedMachine {
  readonly machine: MachineIdentity;
  readonly planId: string;
  /** JSON text, which the machines alone understand; at most 64 KB. */
  readonly body: string;
}

/** What another machine shows. */
export interface SeenMachine extends PublishedMachine {
  /** How long ago it has renewed its lease or published, by the database's clock, in milliseconds. */
  readonly ageMs: number;
}

/** What is told without having been asked for. */
export type SharedNotice =
  /** Room came free or limits have changed: who waits may ask again. */
  | { readonly kind: 'room'; readonly planId: string }
  /** Another machine has published something or is gone. */
  | { readonly kind: 'machines'; readonly planId: string }
  /** The connection was lost and is there again: notices may have been missed. */
  | { readonly kind: 'reconnected' };

/** A sum of what one machine used. */
export interface SharedUsageSum extends UsageSum {
  readonly machineId: string;
}

/**
 * Why the shared quota could not be asked. `away`: it cannot be reached now; nothing is known of what became of the call,
 * and trying again later makes sense. `refused`: it answers and does not let the caller do this (rights, another version
 * of its schema, settings); the message says what to do.
 */
export class SharedQuotaError extends Error {
  override readonly name = 'SharedQuotaError';
  readonly kind: 'away' | 'refused';

  constructor(kind: 'away' | 'refused', message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/**
 * One quota that many machines share. Time is its own: no machine's clock matters. Every method is one atomic call and
 * rejects with a `SharedQuotaError` within some seconds when it cannot be done.
 */
export interface SharedQuota {
  /** Reports, gives back, asks, and gets, in one round trip for all scopes of a plan; whatever it asks, it renews the lease. */
  renew(ask: LeaseAsk): Promise<LeaseGrant>;
  /**
   * Takes in what the upstream said: for all machines.
   * @param scopeId of the model group that answered, where it is known, else the plan's.
   */
  observe(planId: string, scopeId: string, report: LimitReport): Promise<void>;
  /**
   * Books used requests for history, each once however often it is delivered.
   * @returns the position through which all of the machine's usage is delivered.
   */
  deliver(batch: UsageBatch): Promise<number>;
  /** Shows the machine's sessions to the others, in place of what it showed before. */
  publish(machine: PublishedMachine): Promise<void>;
  /** What machines show that are not gone for long, the caller's included. */
  machines(planId: string): Promise<readonly SeenMachine[]>;
  /**
   * Sums of what all machines used from one moment to before another, in no order; see `Ledger.usage`.
   * @param from milliseconds since the epoch.
   */
  usage(
    planId: string,
    from: number,
    to: number,
    stepMs: number,
    detail: UsageDetail,
  ): Promise<readonly SharedUsageSum[]>;
  /** @returns a function that ends it. */
  onNotice(listener: (notice: SharedNotice) => void): () => void;
  /** Resolves when no connection is open. */
  close(): Promise<void>;
}
