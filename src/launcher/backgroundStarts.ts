import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod/mini';
import { agentIdPattern } from '../shared/agentName.ts';

/**
 * Claude Code's background service gives each session that it starts the environment that it was started with itself, not
 * that of whoever has asked for the session (seen in Claude Code 2.1.330). So who asks leaves a note in the directory of the
 * engines, by the folder that both are in, and the session's wrapper looks there for its parent.
 */
export interface BackgroundStart {
  readonly sessionId: string;
  readonly agentId: string;
  /** Of a process that starts sessions as long as it lives, as the agent view does. */
  readonly pid?: number | undefined;
}

const ending = '.starter';
/** From `claude --bg` to the wrapper of its session it takes a second or two. */
const validMs = 30_000;
const keptMs = 86_400_000;

const noteSchema = z.object({
  sessionId: z.string().check(z.minLength(1), z.maxLength(100)),
  agentId: z.string().check(z.regex(agentIdPattern)),
  pid: z.optional(z.int().check(z.positive())),
  at: z.number(),
});

/** Leaves a note. A directory that cannot be written costs no more than the right parent. */
export function noteBackgroundStart(home: string, cwd: string, start: BackgroundStart, now: number): void {
  const file = noteFile(home, cwd);
  try {
    forgetOld(home, now);
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, JSON.stringify({ ...start, at: now }), { mode: 0o600 });
    renameSync(draft, file);
  } catch {
    // Then the parent is the session that has started the service.
  }
}

/** @returns who starts background sessions in a folder just now; undefined when nobody has said so. */
export function backgroundStarter(
  home: string,
  cwd: string,
  now: number,
  isAlive: (pid: number) => boolean,
): BackgroundStart | undefined {
  try {
    const note = z.safeParse(noteSchema, JSON.parse(readFileSync(noteFile(home, cwd), 'utf8'))).data;
    if (note === undefined) return undefined;
    const isValid = Math.abs(now - note.at) < validMs || (note.pid !== undefined && isAlive(note.pid));
    return isValid ? { sessionId: note.sessionId, agentId: note.agentId } : undefined;
  } catch {
    return undefined;
  }
}

function noteFile(home: string, cwd: string): string {
  return path.join(home, createHash('sha256').update(cwd).digest('hex').slice(0, 24) + ending);
}

function forgetOld(home: string, now: number): void {
  for (const name of readdirSync(home)) {
    const file = path.join(home, name);
    if (!name.includes(ending)) continue;
    const stats = statSync(file, { throwIfNoEntry: false });
    if (stats !== undefined && now - stats.mtimeMs > keptMs) rmSync(file, { force: true });
  }
}
