import type { EngineSnapshot } from '../core/quotaEngine.ts';

/** How many agents hold a slot of this window's plan, in figures and in words. */
export interface RunningAgents {
  readonly running: number;
  readonly slots: number;
  readonly text: string;
}

/** The one count of running agents: status bar, badge and pages show this one. */
export function runningAgents({ status, health, plan }: EngineSnapshot): RunningAgents {
  const limit = status.limits.find(({ dimension }) => dimension === 'slots');
  const running = limit?.used ?? health.activeAgents;
  const slots = limit?.limit ?? plan.concurrentAgents;
  return { running, slots, text: `${running} of ${slots} agents running` };
}
