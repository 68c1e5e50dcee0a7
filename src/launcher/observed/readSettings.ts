import { readFile } from 'node:fs/promises';
import { hookObstacle } from './observingSettings.ts';
import { type ClaudePlace, type ClaudeSettings, parseSettings, settingsFiles } from './claudeSettings.ts';

/** The user's own `--settings`. */
export interface GivenSettings {
  readonly settings: ClaudeSettings;
  /** They come from a file, which others may not be able to read. */
  readonly fromFile: boolean;
}

/**
 * Reads the value of `--settings`, which is JSON or the name of a file (Claude Code 2.1.330).
 * @returns undefined for what cannot be read as settings.
 */
export async function readGivenSettings(value: string): Promise<GivenSettings | undefined> {
  const inline = parseSettings(value);
  if (inline !== undefined) return { settings: inline, fromFile: false };
  const settings = await readSettingsFile(value);
  return settings === undefined ? undefined : { settings, fromFile: true };
}

/** What the settings beside `--settings` say of what we add to. */
export interface SettingsBeside {
  /** What Claude Code runs its status line by, where `--settings` has none. */
  readonly statusLine: ClaudeSettings['statusLine'];
  readonly env: Readonly<Record<string, unknown>>;
  /** The setting that keeps our hooks from running, and the file that it is in; undefined for none. */
  readonly obstacle: string | undefined;
}

/** Files that are missing, or are no settings, say nothing: Claude Code leaves them out too. */
export async function readSettingsBeside(place: ClaudePlace): Promise<SettingsBeside> {
  const { below, managed } = settingsFiles(place);
  const files = await Promise.all(
    [...below, managed].map(async (file) => ({ file, settings: (await readSettingsFile(file)) ?? {} })),
  );
  const weaker = files.slice(0, -1).map(({ settings }) => settings);
  const obstacles = files.map(({ file, settings }) => [hookObstacle(settings), file] as const);
  const [setting, file] = obstacles.find(([found]) => found !== undefined) ?? [];
  return {
    statusLine: weaker.map(({ statusLine }) => statusLine).findLast((found) => found !== undefined),
    env: Object.assign({}, ...weaker.map(({ env }) => env)) as Record<string, unknown>,
    obstacle: setting === undefined || file === undefined ? undefined : `${setting} in ${file}`,
  };
}

async function readSettingsFile(file: string): Promise<ClaudeSettings | undefined> {
  try {
    return parseSettings(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}
