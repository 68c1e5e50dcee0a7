import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
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
export function readGivenSettings(
  value: string,
  { platform, cwd }: Pick<ClaudePlace, 'platform' | 'cwd'>,
): GivenSettings | undefined {
  const inline = parseSettings(value);
  if (inline !== undefined) return { settings: inline, fromFile: false };
  const settings = readSettingsFile(pathsOf(platform).resolve(cwd, value));
  return settings === undefined ? undefined : { settings, fromFile: true };
}

interface SettingsFile {
  readonly file: string;
  readonly settings: ClaudeSettings;
}

/** The settings files that there are. Those that are no settings say nothing: Claude Code leaves them out too. */
interface SettingsFiles {
  /** What `--settings` stands above, the weakest first. */
  readonly below: readonly SettingsFile[];
  /** An administrator's, in no order. */
  readonly managed: readonly SettingsFile[];
}

/** Source: Claude Code documentation, "Settings" › "Settings files". */
export function readSettingsFiles(place: ClaudePlace): SettingsFiles {
  const { below, managed } = settingsFiles(place);
  const paths = pathsOf(place.platform);
  const [user = ''] = below;
  return {
    below: readAll(below),
    managed: readAll([
      // What a server of an organisation has sent, as Claude Code 2.1.330 keeps it.
      paths.join(paths.dirname(user), 'remote-settings.json'),
      managed,
      ...jsonFilesOf(paths, paths.join(paths.dirname(managed), 'managed-settings.d')),
    ]),
  };
}

/** What the settings beside `--settings` say of what we add to. */
export interface SettingsBeside {
  /** What Claude Code runs its status line by, where `--settings` has none. */
  readonly statusLine: ClaudeSettings['statusLine'];
  readonly env: Readonly<Record<string, unknown>>;
  /** The setting that keeps our hooks from running, and the file that it is in; undefined for none. */
  readonly obstacle: string | undefined;
}

export function readSettingsBeside(place: ClaudePlace): SettingsBeside {
  const { below, managed } = readSettingsFiles(place);
  const obstacles = [...below, ...managed].map(({ file, settings }) => [hookObstacle(settings), file] as const);
  const [setting, file] = obstacles.find(([found]) => found !== undefined) ?? [];
  return {
    statusLine: below.map(({ settings }) => settings.statusLine).findLast((found) => found !== undefined),
    env: Object.assign({}, ...below.map(({ settings }) => settings.env)) as Record<string, unknown>,
    obstacle: setting === undefined || file === undefined ? undefined : `${setting} in ${file}`,
  };
}

function pathsOf(platform: NodeJS.Platform): typeof path.posix {
  return platform === 'win32' ? path.win32 : path.posix;
}

function readAll(files: readonly string[]): SettingsFile[] {
  return files.flatMap((file) => {
    const settings = readSettingsFile(file);
    return settings === undefined ? [] : [{ file, settings }];
  });
}

function readSettingsFile(file: string): ClaudeSettings | undefined {
  try {
    return parseSettings(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function jsonFilesOf(paths: typeof path.posix, directory: string): string[] {
  try {
    const names = readdirSync(directory).filter((name) => name.endsWith('.json') && !name.startsWith('.'));
    return names.map((name) => paths.join(directory, name));
  } catch {
    return [];
  }
}
