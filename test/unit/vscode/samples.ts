import type { EngineSnapshot, ShownSession } from '../../../src/core/quotaEngine.ts';
import type { OtherMachine, SharedSession } from '../../../src/core/sharedState.ts';
import type { LimitStatus } from '../../../src/shared/limitStatus.ts';
import { noUsage } from '../../../src/core/usage.ts';
import type { DashboardSources } from '../../../src/vscode/dashboardView.ts';

const minute = 60_000;

/** The moment of the samples: noon of some day. */
export const sampleNow = new Date(2026, 0, 15, 12).getTime();

export function sampleSession(changes: Partial<ShownSession & { state: 'active' }> = {}): ShownSession {
  return {
    state: 'active',
    sessionId: 'session-1',
    agentId: 'agent-1',
    planId: 'plan',
    mode: 'routed',
    allocation: { requestsPerMinute: 12, tokens: 20_000 },
    process: { pid: 4711 },
    workspace: 'shop',
    createdAt: sampleNow - 5 * minute,
    lastActivityAt: sampleNow - minute,
    usage: { ...noUsage, inputTokens: 12_000, cacheReadTokens: 300, outputTokens: 45 },
    requests: 7,
    claudeSessionId: 'session-1',
    usesClaudeAuth: true,
    subagents: [],
    waitingRequests: 0,
    runningRequests: 0,
    tokensPerMinute: 2400,
    ...changes,
  };
}

export function sampleSnapshot(changes: Partial<EngineSnapshot> = {}): EngineSnapshot {
  return {
    at: sampleNow,
    planId: 'plan',
    plan: { kind: 'ApiKey', requestsPerMinute: 60, tokensPerMinute: 100_000, concurrentAgents: 5 },
    status: {
      at: sampleNow,
      planKind: 'ApiKey',
      percentage: 42.5,
      pausedModels: [],
      limits: [
        {
          dimension: 'tokensPerMinute',
          limit: 100_000,
          used: 42_500,
          remaining: 57_500,
          percentage: 42.5,
          resetsAt: sampleNow + 25_500,
          source: 'setting',
        },
        { dimension: 'slots', limit: 5, used: 3, remaining: 2, percentage: 60, source: 'setting' },
      ],
    },
    sessions: [sampleSession()],
    line: [],
    ownTickets: [],
    usedToday: { ...noUsage, inputTokens: 1_234_567 },
    tokensPerMinute: 7200,
    projections: [],
    startedAt: sampleNow - 3_600_000,
    lastEventId: 0,
    health: { healthy: true, activeAgents: 3, quotaPercentage: 42.5, problems: [] },
    gatewayUrl: 'http://127.0.0.1:4000',
    ledger: { kind: 'sqlite' },
    ...changes,
  };
}

export function sampleOtherSession(changes: Partial<SharedSession> = {}): SharedSession {
  return {
    sessionId: 'other-1',
    agentId: 'builder',
    mode: 'routed',
    state: 'active',
    createdAt: sampleNow - 3 * minute,
    lastActivityAt: sampleNow - minute,
    requests: 4,
    usage: { ...noUsage, inputTokens: 1000 },
    waitingRequests: 0,
    runningRequests: 1,
    ...changes,
  };
}

export function sampleMachine(changes: Partial<OtherMachine> = {}): OtherMachine {
  return { machineId: 'm1', name: 'laptop', user: 'ann', sessions: [sampleOtherSession()], ...changes };
}

/** A plan's status with these limits; what is left out is that of a five-hour window without use. */
export function statusOf(...changes: readonly Partial<LimitStatus>[]): EngineSnapshot['status'] {
  const limits = changes.map((change): LimitStatus => {
    const percentage = change.percentage ?? 0;
    return {
      dimension: 'fiveHour',
      limit: 100,
      used: percentage,
      remaining: Math.max(0, 100 - percentage),
      percentage,
      resetsAt: sampleNow + 60 * minute,
      source: 'reported',
      ...change,
    };
  });
  const percentage = Math.max(0, ...limits.map((limit) => limit.percentage));
  return { at: sampleNow, planKind: 'MaxSubscription', percentage, pausedModels: [], limits };
}

export function sampleSources(changes: Partial<DashboardSources> = {}): DashboardSources {
  return {
    state: { kind: 'running', snapshot: sampleSnapshot() },
    events: [],
    inTerminals: new Set(),
    warnAtPercent: 80,
    now: sampleNow,
    ...changes,
  };
}
