import type { LimitReport } from '../../src/core/admission.ts';
import type { RateLimits } from '../../src/core/rateLimits.ts';
import type { AgentRequest } from '../quota/agentRequest.ts';

/** How machines share the limits. */
export type Sharing = 'leased' | 'fixedWindow' | 'staticShares';

/** What a process is that stands for a machine. */
export interface MachineTask {
  readonly sharing: Sharing;
  readonly machine: number;
  readonly machines: number;
  /** Sessions on it, each with an agent that makes one request after the other. */
  readonly agents: number;
  /** How often it was started before. */
  readonly life: number;
  /** Of the database, through the bench's proxy. */
  readonly address: string;
  /** Where its own ledger is. */
  readonly directory: string;
  /** The organisation's, which everybody has been told. */
  readonly limits: Required<Pick<RateLimits, 'requestsPerMinute' | 'tokensPerMinute'>>;
}

/** `full`: as many requests as there are agents; `calm`: half of what the limits allow; `none`: what waits is withdrawn. */
export type Demand = 'full' | 'calm' | 'none';

/** To a machine: what it is to do, and what the upstream answers it. */
export type ToMachine =
  | { readonly kind: 'demand'; readonly demand: Demand }
  | { readonly kind: 'refused'; readonly id: string; readonly report: LimitReport; readonly retryAfterMs: number }
  | { readonly kind: 'answered'; readonly id: string; readonly report: LimitReport }
  | { readonly kind: 'finished'; readonly id: string }
  | { readonly kind: 'close' };

/** From a machine. */
export type FromMachine =
  | { readonly kind: 'ready' }
  /** An agent wishes to send it from now on. */
  | { readonly kind: 'wanted'; readonly id: string; readonly request: AgentRequest }
  /** It is sent to the upstream. */
  | { readonly kind: 'sent'; readonly id: string }
  /** Nobody wants it any more. */
  | { readonly kind: 'withdrawn'; readonly id: string }
  /** Its usage is in the machine's ledger. */
  | { readonly kind: 'settled'; readonly id: string }
  | ({ readonly kind: 'measured' } & MachineMeasures)
  | { readonly kind: 'closed' };

/** What a machine has measured since it told it last. */
export interface MachineMeasures {
  /** How long requests took to be admitted that there was a lease for, in milliseconds. */
  readonly admitMs: readonly number[];
  /** Calls of the database, by name. */
  readonly calls: Readonly<Record<string, number>>;
}
