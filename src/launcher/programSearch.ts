import { type FileHandle, open, access, constants, stat } from 'node:fs/promises';
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
 */
export async function findProgram(command: string, search: ProgramSearch): Promise<FoundProgram> {
  const isWindows = search.platform === 'win32';
  if (isWindows ? /[\\/:]/.test(command) : command.includes('/')) return { kind: 'found', file: command };
  let blocked: string | undefined;
  for (const file of candidates(command, search)) {
    const kind = await fileKind(file, isWindows);
    if (kind === 'notExecutable') blocked ??= file;
    if (kind === 'program' && !(await isShim(file))) return { kind: 'found', file };
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

async function fileKind(file: string, isWindows: boolean): Promise<'program' | 'notExecutable' | 'none'> {
  try {
    if (!(await stat(file)).isFile()) return 'none';
  } catch {
    return 'none';
  }
  if (isWindows) return 'program';
  return access(file, constants.X_OK).then(
    () => 'program',
    () => 'notExecutable',
  );
}

/** A program that may be run and not read is none of ours. */
async function isShim(file: string): Promise<boolean> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(markedBytes), 0, markedBytes, 0);
    return buffer.toString('latin1', 0, bytesRead).includes(shimMarker);
  } catch {
    return false;
  } finally {
    await handle?.close();
  }
}
