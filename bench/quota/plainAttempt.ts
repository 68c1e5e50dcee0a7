import type { AgentRequest } from './agentRequest.ts';
import type { Attempt } from './clientRetry.ts';
import type { Upstream } from './upstream.ts';

/** One attempt straight at the upstream. */
export async function plainAttempt(upstream: Upstream, request: AgentRequest): Promise<Attempt> {
  const answer = await upstream.send(request);
  if (answer.kind === 'refused') return { kind: 'limited', retryAfterMs: answer.retryAfterMs };
  await answer.finished;
  return { kind: 'done' };
}
