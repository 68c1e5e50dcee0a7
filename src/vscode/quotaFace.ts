import { type EngineSnapshot } from '../core/quotaEngine.ts';
import { formatPercentage } from '../shared/amounts.ts';
import { type EngineState } from './engineState.ts';
import { type LimitSummary, quotaLevel } from '../shared/limitSummary.ts';

/** What the status bar says. */
export interface QuotaFace {
  /** With a codicon, 25 characters at most in ordinary cases. */
  readonly text: string;
  /** For screen readers, in words. */
  readonly spoken: string;
  readonly level: LimitSummary['level'];
}

/** Problems that leave every agent of this window without quota. */
const withoutCredentials: ReadonlySet<string> = new Set(['no-credentials', 'bad-base-url', 'key-command-failed']);

export function quotaFace(state: EngineState, warnAtPercent: number): QuotaFace {
  switch (state.kind) {
    case 'starting':
      return { text: '$(loading~spin) Quota', spoken: 'Agent Quota is starting', level: 'normal' };
    case 'stopped':
      return { text: '$(error) Quota not running', spoken: 'Agent Quota is not running', level: 'error' };
    case 'running':
      return runningFace(state.snapshot, warnAtPercent);
  }
}

function runningFace(snapshot: EngineSnapshot, warnAtPercent: number): QuotaFace {
  const { status, line, health } = snapshot;
  if (health.problems.some(({ code }) => withoutCredentials.has(code))) {
    return { text: '$(key) No credentials', spoken: 'Agent Quota: no usable Claude credentials', level: 'warning' };
  }
  const slots = status.limits.find(({ dimension }) => dimension === 'slots');
  const running = slots?.used ?? health.activeAgents;
  const capacity = slots?.limit ?? snapshot.plan.concurrentAgents;
  const waiting = line.length === 0 ? '' : ` +${line.length}`;
  const paused = status.pausedUntil !== undefined && status.pausedUntil > snapshot.at;
  const share = formatPercentage(status.percentage);
  const level = quotaLevel(status.percentage, warnAtPercent);
  const broken = health.problems.some(({ severity }) => severity === 'error');
  return {
    text: `$(${paused ? 'debug-pause' : broken ? 'warning' : 'pulse'}) ${share} · ${running}/${capacity} agents${waiting}`,
    spoken:
      `Agent Quota: ${share} used, ${running} of ${capacity} agents running` +
      (line.length === 0 ? '' : `, ${line.length} waiting`) +
      (paused ? ', requests are paused' : ''),
    level: broken && level === 'normal' ? 'warning' : level,
  };
}
