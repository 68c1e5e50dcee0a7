import type { AdmissionAsk } from '../../src/core/admission.ts';
import type { AgentRequest } from './agentRequest.ts';

/** What is known of a request before it is sent. */
export function askOf({ agent, bodyBytes, model, maxTokens }: AgentRequest): AdmissionAsk {
  return { sessionId: `session-${agent}`, usesTokens: true, bodyBytes, model, maxTokens };
}
