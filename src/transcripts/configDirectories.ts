import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Where to look for Claude Code's files. */
export interface ConfigPlaces {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The user's home directory. */
  readonly home?: string;
}

/**
 * The directories that may have Claude Code's files. `CLAUDE_CONFIG_DIR` may name several, with commas between.
 * Source: ccusage's documentation, "Directory detection"; of one directory also Claude Code's, "Environment variables".
 */
export function configDirectories({ environment, home = homedir() }: ConfigPlaces): string[] {
  const named = (environment['CLAUDE_CONFIG_DIR'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (named.length > 0) return [...new Set(named.map((name) => configDirectory(name, home)))];
  const xdg = environment['XDG_CONFIG_HOME'];
  const config = xdg === undefined || xdg === '' ? join(home, '.config') : xdg;
  return [...new Set([join(config, 'claude'), join(home, '.claude')])];
}

function configDirectory(name: string, home: string): string {
  const path = /^~(?=$|[\\/])/.test(name) ? join(home, name.slice(1)) : name;
  return basename(path) === 'projects' ? dirname(path) : path;
}
