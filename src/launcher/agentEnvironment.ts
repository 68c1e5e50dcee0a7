import { launcherVariables, ledgerAddressVariable } from '../shared/launcherVariables.ts';
import { noProxyVariables, noProxyWithLoopback } from '../shared/noProxy.ts';
import { type EnvironmentOverlay, subagentCapVariables } from '../shared/overlayVariables.ts';
import { isRestored } from '../shared/restoredVariables.ts';
import { relayVariables } from './observed/relayVariables.ts';

const isCap = (name: string): boolean => Object.values<string>(subagentCapVariables).includes(name);

/** What the user has set is not raised. */
function smallerCap(own: string | undefined, ours: string): string {
  return own !== undefined && /^\d+$/.test(own) && Number(own) < Number(ours) ? own : ours;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Makes the launcher's program, which may be VS Code's, run as Node: an agent that starts VS Code must not have it. */
const runAsNode = 'ELECTRON_RUN_AS_NODE';
const removed = [
  ...Object.values(launcherVariables),
  ...Object.values(relayVariables),
  ledgerAddressVariable,
  runAsNode,
];

/**
 * The agent's environment: the launcher's own with the overlay, and without what is meant for the launcher alone. Hosts
 * that are reached without a proxy are those of both, and what the user has set goes before what is only restored.
 * @param overlay `null` takes a variable out.
 */
export function agentEnvironment(
  own: Environment,
  overlay: EnvironmentOverlay,
  platform: NodeJS.Platform,
): Record<string, string> {
  // On Windows `Path` and `PATH` are one variable, and a process that is given both gets either.
  const keyOf = (name: string): string => (platform === 'win32' ? name.toUpperCase() : name);
  const result = new Map<string, readonly [name: string, value: string]>();
  for (const [name, value] of Object.entries(own)) {
    if (value !== undefined) result.set(keyOf(name), [name, value]);
  }
  const ownNoProxy = noProxyVariables.map((name) => result.get(keyOf(name))?.[1]);
  for (const [name, value] of Object.entries(overlay)) {
    if (value !== null && noProxyVariables.some((known) => known === name))
      result.set(keyOf(name), [name, noProxyWithLoopback(...ownNoProxy, value)]);
    else if (value === null) result.delete(keyOf(name));
    else if (isCap(name)) result.set(keyOf(name), [name, smallerCap(result.get(keyOf(name))?.[1], value)]);
    else if (!isRestored(name) || !result.has(keyOf(name))) result.set(keyOf(name), [name, value]);
  }
  for (const name of removed) result.delete(keyOf(name));
  return Object.fromEntries(result.values());
}
