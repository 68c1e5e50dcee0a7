import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type EnvironmentOverlay } from '../../shared/overlayVariables.ts';
import { hasOwnTelemetry, hasTelemetry, withoutTelemetry } from '../../shared/telemetryVariables.ts';
import { type ClaudePlace, parseSettings, settingsFiles } from './claudeSettings.ts';

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
  const { below, managed } = settingsFiles(place);
  const paths = place.platform === 'win32' ? path.win32 : path.posix;
  const [user = ''] = below;
  const files = [
    ...below,
    // What a server of an organisation has sent, as Claude Code 2.1.330 keeps it.
    paths.join(paths.dirname(user), 'remote-settings.json'),
    managed,
    ...jsonFilesOf(paths.join(paths.dirname(managed), 'managed-settings.d')),
  ];
  const texts = [...files.map(readText), ...givenSettings(args).map((given) => readGiven(given, place.cwd, paths))];
  return texts
    .map((text) => (text === undefined ? undefined : parseSettings(text)?.env))
    .filter((env) => env !== undefined);
}

/** Values of `--settings`: JSON, or the name of a file. */
function givenSettings(args: readonly string[]): string[] {
  return args.flatMap((argument, index) => {
    if (argument.startsWith('--settings=')) return [argument.slice('--settings='.length)];
    return argument === '--settings' ? (args[index + 1] ?? []) : [];
  });
}

function readGiven(given: string, cwd: string, paths: typeof path.posix): string | undefined {
  return parseSettings(given) === undefined ? readText(paths.resolve(cwd, given)) : given;
}

function jsonFilesOf(directory: string): string[] {
  try {
    const names = readdirSync(directory).filter((name) => name.endsWith('.json') && !name.startsWith('.'));
    return names.map((name) => path.join(directory, name));
  } catch {
    return [];
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
