import type { AgentAuthCoordinator } from '../core/agentAuthCoordinator.ts';
import type { Clock } from '../core/clock.ts';
import type { Listeners } from '../core/listeners.ts';
import type { LineListener } from '../core/slotQueue.ts';
import type { ControlSessions } from './controlSessions.ts';

/** How long after a lost connection the process is looked for again, in milliseconds: its death may take a moment. */
const lookAgainMs = 150;

/** What the control socket asks, answered by the coordinator. */
export function launcherSessions(
  coordinator: AgentAuthCoordinator,
  line: Listeners<Parameters<LineListener>>,
  clock: Clock,
  observerPort: number,
): ControlSessions {
  return {
    open: (request) => coordinator.setupClaudeAgentAuth(request),
    observed: (sessionId, by) => coordinator.observed(sessionId, by),
    giveUp: (ticket) => coordinator.giveUp(ticket),
    release: async (sessionId) => {
      await coordinator.releaseSession(sessionId);
    },
    resume: (sessionId, process) => coordinator.resume(sessionId, process),
    connectionLost: async (sessionId) => {
      await coordinator.processMayBeGone(sessionId);
      await new Promise<void>((resolve) => {
        clock.after(lookAgainMs, resolve);
      });
      await coordinator.processMayBeGone(sessionId);
    },
    observerPort,
    onLineMoved: line.add,
  };
}
