import { homedir } from 'node:os';

/**
 * A project as people call it: Claude Code's name for a folder (its path with `-` for what is no letter or digit) without the
 * user's home. What was no `-` in the rest cannot be told.
 */
export function projectName(folder: string, home = homedir()): string {
  const start = `${home.replaceAll(/[^A-Za-z0-9]/g, '-')}-`;
  return folder.startsWith(start) && folder.length > start.length ? folder.slice(start.length) : folder;
}
