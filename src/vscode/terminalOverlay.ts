import * as z from 'zod';
import { noProxyVariables, noProxyWithLoopback } from '../shared/noProxy.ts';
import { type EnvironmentOverlay } from '../shared/overlayVariables.ts';
import { hasOwnTelemetry, withoutTelemetry } from '../shared/telemetryVariables.ts';
import { isRestored } from '../shared/restoredVariables.ts';

const addedSchema = z.record(z.string(), z.unknown());

/**
 * A session's overlay for a terminal of VS Code. What it says of hosts that are reached without a proxy would replace
 * what the terminal has already, so it is given the hosts of both. What is only restored gives way to what the user has
 * set, and so does our telemetry to theirs.
 * @param own the environment that terminals start from.
 * @param added what the setting `terminal.integrated.env.*` adds to it, unchecked.
 */
export function terminalOverlay(
  overlay: EnvironmentOverlay,
  own: Readonly<Record<string, string | undefined>>,
  added: unknown,
): Record<string, string | null> {
  const setting = addedSchema.safeParse(added).data ?? {};
  const hosts = noProxyVariables.map((name) => {
    const value = name in setting ? setting[name] : own[name];
    return typeof value === 'string' ? value : undefined;
  });
  const merged = noProxyVariables.flatMap((name) => {
    const value = overlay[name];
    return typeof value === 'string' ? [[name, noProxyWithLoopback(...hosts, value)] as const] : [];
  });
  const isTheirs = hasOwnTelemetry(own) || hasOwnTelemetry(setting);
  const kept = Object.entries(isTheirs ? withoutTelemetry(overlay) : overlay).filter(
    ([name]) => !isRestored(name) || !(name in setting || own[name] !== undefined),
  );
  return Object.fromEntries([...kept, ...merged]);
}
