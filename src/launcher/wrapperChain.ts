import { closeSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import { type FoundProgram, findProgram, type ProgramSearch } from './programSearch.ts';

/**
 * Which `claude` ours has started, and how often in a row: `<count>:<path>`. Unlike the launcher's other variables it is in
 * the agent's environment, for the next launcher below it.
 */
export const chainVariable = 'AGENT_QUOTA_CLAUDE';

/** So often a file may be the one that is started; then it is taken for a wrapper that has found ours again. */
const turns = 2;

/** What our `claude` stands for. */
export interface ChosenClaude {
  readonly found: FoundProgram;
  /** For the agent's environment. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Finds the program behind our `claude`. Another tool may have put a wrapper of its own on PATH, which starts the first
 * `claude` that is not itself: that is ours again, and so on without end. From the third time on that the same script is
 * found in a row, the search goes on behind it. Where there is nothing behind it, it is an agent in an agent in an agent,
 * and is started. So is a binary in any case: wrappers are scripts, and Claude Code need not be one.
 */
export function findBehindShim(command: string, search: ProgramSearch): ChosenClaude {
  const first = findProgram(command, search);
  if (first.kind !== 'found') return { found: first, variables: {} };
  const [, count = '', last] = /^(\d{1,9}):(.+)$/s.exec(search.environment[chainVariable] ?? '') ?? [];
  const row = last === first.file ? Number(count) + 1 : 1;
  const next = row > turns && isScript(first.file) ? findProgram(command, search, first.file) : first;
  const isNext = next.kind === 'found' && next.file !== first.file;
  const [found, times] = isNext ? [next, 1] : [first, row];
  return { found, variables: { [chainVariable]: `${times}:${found.file}` } };
}

function isScript(file: string): boolean {
  if (/^\.(cmd|bat)$/i.test(path.extname(file))) return true;
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    const buffer = Buffer.alloc(2);
    return buffer.toString('latin1', 0, readSync(descriptor, buffer)) === '#!';
  } catch {
    return false;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
