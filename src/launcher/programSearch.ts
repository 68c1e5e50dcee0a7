import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { markedBytes, shimMarker } from '../shared/shimMarker.ts';

/** What a program is looked for in. */
export interface ProgramSearch {
  /** The agent's: names differ by case on Windows too. */
  readonly environment: Readonly<Record<string, string>>;
  readonly platform: NodeJS.Platform;
}

/** `missing`: there is none, or none but the commands that Agent Quota itself has put on PATH. */
export type FoundProgram =
  | { readonly kind: 'found'; readonly file: string }
  | { readonly kind: 'missing' }
  /** There is a file of that name, which cannot be run. */
  | { readonly kind: 'notExecutable'; readonly file: string };

/** What cmd.exe takes where PATHEXT is not set, less what only Windows Script Host runs. */
const usualExtensions = '.COM;.EXE;.BAT;.CMD';

/**
 * Finds the program that a name stands for, as execvp(3) does, or on Windows as the `where` of cmd.exe does, and passes
 * over the commands that Agent Quota has put on PATH: `agent-quota run -- claude` would else start itself without end.
 * Unlike in cmd.exe the current directory is no place to look in: what lies there may be anybody's.
 * @param behind a file that was found; what is before it on PATH and itself are passed over.
 */
export function findProgram(command: string, search: ProgramSearch, behind?: string): FoundProgram {
  const isWindows = search.platform === 'win32';
  if (isWindows ? /[\\/:]/.test(command) : command.includes('/')) return { kind: 'found', file: command };
  let blocked: string | undefined;
  let passed = behind === undefined;
  for (const file of candidates(command, search)) {
    if (!passed || file === behind) {
      passed ||= file === behind;
      continue;
    }
    const kind = fileKind(file, isWindows);
    if (kind === 'notExecutable') blocked ??= file;
    if (kind === 'program' && !isShim(file)) return { kind: 'found', file };
  }
  return blocked === undefined ? { kind: 'missing' } : { kind: 'notExecutable', file: blocked };
}

function* candidates(command: string, { environment, platform }: ProgramSearch): Generator<string> {
  if (platform !== 'win32') {
    // An empty entry is the current directory. Source: POSIX, "Environment Variables".
    for (const directory of (environment['PATH'] ?? '').split(':')) yield `${directory || '.'}/${command}`;
    return;
  }
  const valueOf = (name: string): string =>
    Object.entries(environment).find(([known]) => known.toUpperCase() === name)?.[1] ?? '';
  const extensions = (valueOf('PATHEXT') || usualExtensions).split(';').filter((extension) => extension !== '');
  const hasOne = extensions.some((extension) => command.toUpperCase().endsWith(extension.toUpperCase()));
  for (const entry of valueOf('PATH').split(';')) {
    const directory = entry.replaceAll('"', '').trim();
    if (directory === '') continue;
    for (const extension of hasOne ? ['', ...extensions] : extensions) yield path.join(directory, command + extension);
  }
}

function fileKind(file: string, isWindows: boolean): 'program' | 'notExecutable' | 'none' {
  try {
    if (!statSync(file).isFile()) return 'none';
  } catch {
    return 'none';
  }
  if (isWindows) return 'program';
  try {
    accessSync(file, constants.X_OK);
    return 'program';
  } catch {
    return 'notExecutable';
  }
}

/** A program that may be run and not read is none of ours. */
function isShim(file: string): boolean {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    const buffer = Buffer.alloc(markedBytes);
    return buffer.toString('latin1', 0, readSync(descriptor, buffer)).includes(shimMarker);
  } catch {
    return false;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
