import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod/mini';
import { processWrapperName } from '../shared/launcherVerbs.ts';
import { keepFile, privateDirectory } from './keptFile.ts';
import { agentQuotaScript, claudeScript, shellScript } from './posixShims.ts';
import type { ShimTargets } from './shimTargets.ts';
import { agentQuotaBatch, claudeBatch } from './windowsShims.ts';
import { processWrapperScript } from './wrapperScripts.ts';

/** The directories of the commands that Agent Quota gives to terminals. */
export interface InstalledShims {
  /** Has `agent-quota`. */
  readonly bin: string;
  /** Has `claude`. */
  readonly wrap: string;
  /** Has what stands for a shell in an agent terminal, by the shell's name; empty on Windows. */
  readonly shells: string;
}

/** Where they go, and what for. */
export interface ShimPlace {
  /** The extension's own directory. */
  readonly storage: string;
  readonly platform: NodeJS.Platform;
  /** The user's home directory. */
  readonly userProfile: string;
}

/** Shells that VS Code integrates, by the names of their programs. */
export const integratedShells = ['bash', 'zsh', 'fish', 'pwsh'] as const;

/** Says for whom the commands were written last. */
const noteName = 'shims.json';
const noteSchema = z.object({ version: z.string(), launcher: z.string() });

/**
 * Writes the commands where they are not as they should be, each whole or not at all. Windows with several versions of the
 * extension share them: those of the newest that is still there stay.
 * @throws when a command is missing and cannot be written.
 */
export async function installShims(targets: ShimTargets, place: ShimPlace): Promise<InstalledShims> {
  const [bin, wrap, shells] = ['bin', 'wrap', 'shells'].map((name) => path.join(place.storage, name)) as [
    string,
    string,
    string,
  ];
  const installed = { bin, wrap, shells };
  const note = path.join(place.storage, noteName);
  if (await isNewer(note, targets.version)) return installed;
  for (const directory of [bin, wrap, shells]) await privateDirectory(directory);
  const files = new Map([
    [path.join(bin, 'agent-quota'), agentQuotaScript(targets)],
    [path.join(wrap, 'claude'), claudeScript(targets)],
  ]);
  if (place.platform === 'win32') {
    files.set(path.join(bin, 'agent-quota.cmd'), agentQuotaBatch(targets, place.userProfile));
    files.set(path.join(wrap, 'claude.cmd'), claudeBatch(targets, place.userProfile));
  } else {
    files.set(path.join(bin, processWrapperName), processWrapperScript(targets));
    for (const shell of integratedShells) files.set(path.join(shells, shell), shellScript(targets));
  }
  for (const [file, text] of files) await keepFile(file, text);
  const { version, launcher } = targets;
  await keepFile(note, JSON.stringify({ version, launcher }));
  return installed;
}

/** Whether the commands are a newer version's, which has not been removed since. */
async function isNewer(note: string, version: string): Promise<boolean> {
  const text = await readFile(note, 'utf8').catch(() => '');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return false;
  }
  const { data } = z.safeParse(noteSchema, value);
  if (data === undefined || compareVersions(data.version, version) <= 0) return false;
  return stat(data.launcher).then(
    () => true,
    () => false,
  );
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map((part) => Number.parseInt(part, 10) || 0));
  for (let index = 0; index < 3; index++) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
