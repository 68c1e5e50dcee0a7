import { agentScopeId } from '../core/quotaTerms.ts';
import type { LeaseAsk, LeaseGrant, MachineIdentity, SharedQuota, UsageBatch } from '../core/sharedQuota.ts';
import { parsePublished } from './publishedSessions.ts';

/** @returns a stable pseudonym: the same for the same name, on every machine. */
export type Pseudonym = (kind: 'machine' | 'user' | 'agent', name: string) => string;

/**
 * A shared quota that is told pseudonyms in the place of names. An agent's name has the same one on all machines, so
 * that its limits hold for all of them together.
 */
export function withHiddenNames(quota: SharedQuota, pseudonym: Pseudonym): SharedQuota {
  const hidden = ({ machineId, name, user }: MachineIdentity): MachineIdentity => ({
    machineId,
    name: pseudonym('machine', name),
    user: pseudonym('user', user),
  });
  const hiddenAgent = (name: string): string => pseudonym('agent', name);
  return {
    renew: async (ask) => shownGrant(await quota.renew(hiddenAsk(ask, hidden, hiddenAgent)), ask),
    observe: (...report) => quota.observe(...report),
    deliver: ({ machine, entries }: UsageBatch) =>
      quota.deliver({
        machine: hidden(machine),
        entries: entries.map((entry) => ({ ...entry, agentId: hiddenAgent(entry.agentId) })),
      }),
    publish: ({ machine, planId, body }) => {
      const sessions = (parsePublished(body) ?? []).map((session) => ({
        ...session,
        agentId: hiddenAgent(session.agentId),
      }));
      return quota.publish({ machine: hidden(machine), planId, body: JSON.stringify({ version: 1, sessions }) });
    },
    machines: (planId) => quota.machines(planId),
    usage: (...range) => quota.usage(...range),
    onNotice: (listener) => quota.onNotice(listener),
    close: () => quota.close(),
  };
}

function hiddenAsk(
  ask: LeaseAsk,
  hidden: (machine: MachineIdentity) => MachineIdentity,
  hiddenAgent: (name: string) => string,
): LeaseAsk {
  const agents = agentScopeId(ask.planId, '');
  const scopes = ask.scopes.map((scope) =>
    scope.scopeId.startsWith(agents)
      ? { ...scope, scopeId: agentScopeId(ask.planId, hiddenAgent(scope.scopeId.slice(agents.length))) }
      : scope,
  );
  return { ...ask, machine: hidden(ask.machine), scopes };
}

/** Scopes are answered in the order in which they were asked for. */
function shownGrant(grant: LeaseGrant, ask: LeaseAsk): LeaseGrant {
  const scopes = grant.scopes.map((scope, index) => ({
    ...scope,
    scopeId: ask.scopes[index]?.scopeId ?? scope.scopeId,
  }));
  return { ...grant, scopes };
}
