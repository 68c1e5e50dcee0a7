import type { UnifiedWindow, UnifiedWindows } from './upstreamBehaviour.ts';

/** The headers that answers to subscription logins carry, as Claude Code 2.1.330 reads them. */
export function unifiedHeaders({ fiveHour, sevenDay }: UnifiedWindows): Record<string, string> {
  const [claim, leading] =
    fiveHour.utilization >= sevenDay.utilization
      ? (['five_hour', fiveHour] as const)
      : (['seven_day', sevenDay] as const);
  return {
    ...windowHeaders('5h', fiveHour),
    ...windowHeaders('7d', sevenDay),
    'anthropic-ratelimit-unified-status': leading.status,
    'anthropic-ratelimit-unified-reset': String(leading.resetsAt),
    'anthropic-ratelimit-unified-representative-claim': claim,
  };
}

function windowHeaders(name: '5h' | '7d', window: UnifiedWindow): Record<string, string> {
  return {
    [`anthropic-ratelimit-unified-${name}-utilization`]: String(window.utilization),
    [`anthropic-ratelimit-unified-${name}-reset`]: String(window.resetsAt),
    [`anthropic-ratelimit-unified-${name}-status`]: window.status,
  };
}
