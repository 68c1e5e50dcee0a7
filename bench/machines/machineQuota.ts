import type { LimitReport } from '../../src/core/admission.ts';
import type { AgentRequest } from '../quota/agentRequest.ts';
import type { MachineMeasures } from './machineMessages.ts';

/** Decides on one machine which requests may be sent. */
export interface MachineQuota {
  /**
   * Resolves when the request may be sent.
   * @param signal rejects the wait with its reason.
   */
  admit(request: AgentRequest, signal: AbortSignal): Promise<AdmittedRequest>;
  /** What was measured since the last call. */
  measures(): MachineMeasures;
  close(): Promise<void>;
}

/** A request that was sent. */
export interface AdmittedRequest {
  refused(report: LimitReport, requestId: string): Promise<void>;
  /** The answer's headers are there, and what the input was. */
  answered(report: LimitReport): void;
  /** @returns resolves when its usage is on record. */
  finished(requestId: string): Promise<void>;
}
