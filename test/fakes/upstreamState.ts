import type { SimulatedBatch } from './batchesEndpoint.ts';
import { FaultQueue } from './faultQueue.ts';
import { OrganisationLimits } from './organisationLimits.ts';
import { PromptCache } from './promptCache.ts';
import type { ServedLog } from './servedLog.ts';
import { DEFAULT_BEHAVIOUR, type UpstreamBehaviour } from './upstreamBehaviour.ts';

/** What all endpoints of one simulated upstream share. */
export class UpstreamState {
  readonly organizationId: string;
  /** The injected clock, in milliseconds. */
  readonly now: () => number;
  readonly log: ServedLog;
  readonly faults = new FaultQueue();
  readonly cache = new PromptCache();
  /** By their ids. */
  readonly batches = new Map<string, SimulatedBatch>();
  #behaviour: UpstreamBehaviour = DEFAULT_BEHAVIOUR;
  #limits: OrganisationLimits;

  constructor(organizationId: string, now: () => number, log: ServedLog) {
    this.organizationId = organizationId;
    this.now = now;
    this.log = log;
    this.#limits = new OrganisationLimits({}, organizationId, now());
  }

  get limits(): OrganisationLimits {
    return this.#limits;
  }

  /** The behaviour as it is now, with the faults still to come. */
  get behaviour(): UpstreamBehaviour {
    return { ...this.#behaviour, faults: this.faults.remaining() };
  }

  /** Replaces the fields given; new limits start with full buckets. */
  behave(change: Partial<UpstreamBehaviour>): void {
    this.#behaviour = { ...this.#behaviour, ...change };
    if (change.limits !== undefined) {
      this.#limits = new OrganisationLimits(change.limits, this.organizationId, this.now());
    }
    if (change.faults !== undefined) {
      this.faults.replace(change.faults);
    }
  }
}
