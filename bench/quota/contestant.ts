import type { ApiKeyPlan } from '../../src/core/plan.ts';
import type { AgentRequest } from './agentRequest.ts';
import type { RandomSource } from './randomSource.ts';
import type { SimulatedClock } from './simulatedClock.ts';
import type { Upstream } from './upstream.ts';

/** What a contestant is given. */
export interface World {
  readonly clock: SimulatedClock;
  readonly upstream: Upstream;
  readonly random: RandomSource;
  readonly plan: ApiKeyPlan;
  readonly agents: number;
  readonly windows: number;
}

/** A way to let agents share a plan. */
export interface Contestant {
  /** @returns whether the request was answered in the end; false when the agent gave it up. */
  send(request: AgentRequest): Promise<boolean>;
  dispose(): void;
}

/** Every contestant by the name that tables give it. */
export interface ContestantKind {
  readonly name: string;
  start(world: World): Promise<Contestant>;
}
