import type { Attributes, BatchObservableResult, Meter } from '@opentelemetry/api';
import type { MetricSource } from '../core/metrics.ts';
import type { EngineSnapshot } from '../core/quotaEngine.ts';
import type { LimitStatus } from '../shared/limitStatus.ts';
import { sessionActivity } from '../shared/sessionActivity.ts';

/** Tells how limits and sessions are, whenever it is asked. Of all windows: each tells the same. @returns what ends it. */
export function recordQuota(meter: Meter, { snapshot }: MetricSource): () => void {
  const usage = meter.createObservableGauge('agent_quota.limit.usage', {
    description: 'How much of a limit is used, 1 for all of it; with what is held for requests under way.',
    unit: '1',
  });
  const size = meter.createObservableGauge('agent_quota.limit.size', {
    description: 'A limit in its own unit: requests or tokens a minute, tokens a day, percent of a window, slots.',
  });
  const reset = meter.createObservableGauge('agent_quota.limit.reset', {
    description: 'Seconds until a limit is whole again if nothing more is used.',
    unit: 's',
  });
  const exhaustion = meter.createObservableGauge('agent_quota.limit.exhaustion', {
    description:
      'Seconds until a limit that starts anew at a moment is used up at the present pace; absent when that is never.',
    unit: 's',
  });
  const sessions = meter.createObservableGauge('agent_quota.sessions', {
    description: 'Live sessions by what their agents do.',
    unit: '{session}',
  });
  const requests = meter.createObservableGauge('agent_quota.requests', {
    description: 'Requests in line and under way.',
    unit: '{request}',
  });
  const queue = meter.createObservableGauge('agent_quota.slots.queue', {
    description: 'Agents that wait for a slot.',
    unit: '{agent}',
  });
  const observe = async (result: BatchObservableResult): Promise<void> => {
    const now = await snapshot();
    for (const limit of now.status.limits) {
      const of = attributesOf(limit);
      result.observe(usage, limit.percentage / 100, of);
      result.observe(size, limit.limit, of);
      if (limit.resetsAt !== undefined) result.observe(reset, Math.max(0, limit.resetsAt - now.at) / 1000, of);
    }
    for (const projection of now.projections) {
      if (projection.reachedAt !== undefined)
        result.observe(exhaustion, Math.max(0, projection.reachedAt - now.at) / 1000, attributesOf(projection));
    }
    for (const [activity, count] of sessionsByActivity(now))
      result.observe(sessions, count, { 'agent_quota.session.activity': activity });
    for (const [state, count] of requestsByState(now))
      result.observe(requests, count, { 'agent_quota.request.state': state });
    result.observe(queue, now.line.length);
  };
  const observed = [usage, size, reset, exhaustion, sessions, requests, queue];
  meter.addBatchObservableCallback(observe, observed);
  return () => {
    meter.removeBatchObservableCallback(observe, observed);
  };
}

function attributesOf({ dimension, models }: Pick<LimitStatus, 'dimension' | 'models'>): Attributes {
  return {
    'agent_quota.limit.dimension': dimension,
    ...(models !== undefined && { 'agent_quota.limit.models': models }),
  };
}

/** Those with none, too, so that a count that ends is seen to be none. */
function sessionsByActivity({ sessions }: EngineSnapshot): Map<string, number> {
  const counts = new Map(['working', 'waiting', 'ready', 'idle', 'unauthenticated'].map((activity) => [activity, 0]));
  for (const session of sessions) {
    const activity = sessionActivity(session);
    counts.set(activity, (counts.get(activity) ?? 0) + 1);
  }
  return counts;
}

function requestsByState({ sessions }: EngineSnapshot): Map<string, number> {
  return new Map([
    ['waiting', sessions.reduce((sum, { waitingRequests }) => sum + waitingRequests, 0)],
    ['running', sessions.reduce((sum, { runningRequests }) => sum + runningRequests, 0)],
  ]);
}
