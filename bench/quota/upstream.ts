import type { LimitReport } from '../../src/core/admission.ts';
import type { RateLimits } from '../../src/core/rateLimits.ts';
import { quotaInputTokens } from '../../src/core/usage.ts';
import type { AgentRequest } from './agentRequest.ts';
import { OrganisationBuckets } from './organisationBuckets.ts';
import type { RandomSource } from './randomSource.ts';
import type { SimulatedClock } from './simulatedClock.ts';

/** What comes back first. */
export type UpstreamAnswer =
  | { readonly kind: 'refused'; readonly report: LimitReport; readonly retryAfterMs: number }
  | {
      readonly kind: 'answered';
      readonly report: LimitReport;
      /** When the last byte is there. */
      readonly finished: Promise<void>;
    };

/** Hears what the upstream does, when it does it. */
export interface UpstreamWitness {
  refused(request: AgentRequest): void;
  admitted(request: AgentRequest): void;
}

/** How often output is counted while an answer streams, in milliseconds. */
const writingMs = 1000;

/** The strict simulated upstream, with a network before it. */
export class Upstream {
  readonly buckets: OrganisationBuckets;
  readonly #clock: SimulatedClock;
  readonly #random: RandomSource;
  readonly #witness: UpstreamWitness;

  constructor(limits: RateLimits, clock: SimulatedClock, random: RandomSource, witness: UpstreamWitness) {
    this.buckets = new OrganisationBuckets(limits, clock.now());
    this.#clock = clock;
    this.#random = random;
    this.#witness = witness;
  }

  /** @returns resolves when the answer's headers are there. */
  async send(request: AgentRequest): Promise<UpstreamAnswer> {
    const clock = this.#clock;
    await this.#network();
    const retryAfterMs = this.buckets.admit(quotaInputTokens(request.usage), clock.now());
    if (retryAfterMs !== undefined) {
      this.#witness.refused(request);
      const report = this.buckets.report(request.model, clock.now(), retryAfterMs);
      await this.#network();
      return { kind: 'refused', report, retryAfterMs };
    }
    this.#witness.admitted(request);
    const report = this.buckets.report(request.model, clock.now(), undefined);
    const finished = this.#write(request);
    await clock.sleep(request.firstByteMs);
    await this.#network();
    return { kind: 'answered', report, finished };
  }

  async #write({ usage, firstByteMs, streamMs }: AgentRequest): Promise<void> {
    const { outputTokens } = usage;
    await this.#clock.sleep(firstByteMs);
    const parts = Math.max(1, Math.round(streamMs / writingMs));
    for (let part = 1; part <= parts; part += 1) {
      await this.#clock.sleep(streamMs / parts);
      const tokens = Math.round((outputTokens * part) / parts) - Math.round((outputTokens * (part - 1)) / parts);
      this.buckets.chargeOutput(tokens, this.#clock.now());
    }
    await this.#network();
  }

  /** One way: some 30 ms, now and then much more. */
  #network(): Promise<void> {
    return this.#clock.sleep(Math.min(800, this.#random.logNormal(30, 0.5)));
  }
}
