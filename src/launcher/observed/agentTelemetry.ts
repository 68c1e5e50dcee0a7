import type { EnvironmentOverlay } from '../../shared/overlayVariables.ts';
import { hasOwnTelemetry, hasTelemetry, withoutTelemetry } from '../../shared/telemetryVariables.ts';
import type { ClaudePlace } from './claudeSettings.ts';
import { readGivenSettings, readSettingsFiles } from './readSettings.ts';

/** What an agent is started with, and how it is observed; undefined where it is not. */
export interface TelemetryChoice {
  readonly overlay: EnvironmentOverlay;
  readonly by: 'telemetry' | 'transcripts' | undefined;
}

/**
 * Leaves an agent's telemetry alone where its user or an administrator has set it up. What Claude Code's settings say
 * stands above the environment, so they are read too. Source: Claude Code documentation, "Settings" and "Monitoring".
 * @param args the agent's own.
 */
export function chooseTelemetry(
  overlay: EnvironmentOverlay,
  place: ClaudePlace,
  args: readonly string[],
): TelemetryChoice {
  if (!hasTelemetry(overlay)) return { overlay, by: undefined };
  const isTheirs = hasOwnTelemetry(place.environment) || settingsEnv(place, args).some(hasOwnTelemetry);
  return isTheirs ? { overlay: withoutTelemetry(overlay), by: 'transcripts' } : { overlay, by: 'telemetry' };
}

/** The variables that settings set, of each place that has some. */
function settingsEnv(place: ClaudePlace, args: readonly string[]): Readonly<Record<string, unknown>>[] {
  const { below, managed } = readSettingsFiles(place);
  const given = givenSettings(args).map((value) => readGivenSettings(value, place)?.settings);
  const files = [...below, ...managed].map(({ settings }) => settings);
  return [...files, ...given].map((settings) => settings?.env).filter((env) => env !== undefined);
}

/** Values of `--settings`: JSON, or the name of a file. */
function givenSettings(args: readonly string[]): string[] {
  return args.flatMap((argument, index) => {
    if (argument.startsWith('--settings=')) return [argument.slice('--settings='.length)];
    return argument === '--settings' ? (args[index + 1] ?? []) : [];
  });
}
