import { readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * The version of the extension that this launcher is part of, from the package.json above it; the bundle and the
 * sources are at different depths.
 * @param script path of the running script.
 */
export function launcherVersion(script: string): string {
  for (let directory = path.dirname(script); ; directory = path.dirname(directory)) {
    const version = versionIn(path.join(directory, 'package.json'));
    if (version !== undefined) return version;
    if (directory === path.dirname(directory)) return 'unknown';
  }
}

function versionIn(file: string): string | undefined {
  try {
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown; version?: unknown };
    return manifest.name === 'agent-quota' && typeof manifest.version === 'string' ? manifest.version : undefined;
  } catch {
    return undefined;
  }
}
