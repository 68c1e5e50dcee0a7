import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod/mini';
import { agentIdPattern } from '../shared/agentName.ts';
import { mayBeForeign } from './socketOwner.ts';

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
const noteKeptMs = 86_400_000;
const viewKeptMs = 30 * 86_400_000;

const noteSchema = z.object({
  sessionId: z.string().check(z.minLength(1), z.maxLength(100)),
  agentId: z.string().check(z.regex(agentIdPattern)),
  pid: z.optional(z.int().check(z.positive())),
  at: z.number(),
});

/**
 * Leaves a note. A directory that cannot be written costs no more than the right parent.
 * @returns takes the note of a process that starts sessions as long as it lives away again.
 */
export function noteBackgroundStart(home: string, cwd: string, start: BackgroundStart, now: number): () => void {
  const file = path.join(home, `${folderName(cwd)}${start.pid === undefined ? '' : `-${start.pid}`}${ending}`);
  const draft = `${file}.${randomUUID()}`;
  try {
    if (mayBeForeign(file, process.platform)) return () => undefined;
    forgetOld(home, now);
    writeFileSync(draft, JSON.stringify({ ...start, at: now }), { mode: 0o600, flag: 'wx' });
    renameSync(draft, file);
  } catch {
    // Then the parent is the session that has started the service.
  }
  return () => {
    if (start.pid !== undefined) rmSync(file, { force: true });
  };
}

/** Who starts background sessions, and what is known of this machine's processes. */
export interface BackgroundPlace {
  readonly home: string;
  readonly cwd: string;
  /** In milliseconds since the epoch, as `bootedAt`: processes of before it are others than those of the same number. */
  readonly now: number;
  readonly bootedAt: number;
  readonly isAlive: (pid: number) => boolean;
}

/** @returns who starts background sessions in a folder just now, the last of several; undefined when nobody has said so. */
export function backgroundStarter({ home, cwd, now, bootedAt, isAlive }: BackgroundPlace): BackgroundStart | undefined {
  const [last] = namesIn(home)
    .filter((name) => name.startsWith(folderName(cwd)) && name.endsWith(ending))
    .flatMap((name) => readNote(path.join(home, name)) ?? [])
    .filter(({ at, pid }) => Math.abs(now - at) < validMs || (pid !== undefined && at > bootedAt && isAlive(pid)))
    .sort((a, b) => b.at - a.at);
  return last && { sessionId: last.sessionId, agentId: last.agentId };
}

function readNote(file: string): z.infer<typeof noteSchema> | undefined {
  try {
    return z.safeParse(noteSchema, JSON.parse(readFileSync(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

function namesIn(home: string): string[] {
  try {
    return readdirSync(home);
  } catch {
    return [];
  }
}

function folderName(cwd: string): string {
  return createHash('sha256').update(cwd).digest('hex').slice(0, 24);
}

/** Notes of views that are open are written anew by nobody: they stay for longer than a day can be. */
function forgetOld(home: string, now: number): void {
  for (const name of namesIn(home).filter((known) => known.includes(ending))) {
    const file = path.join(home, name);
    const keptMs = /-\d+\.starter$/.test(name) ? viewKeptMs : noteKeptMs;
    if (now - statSync(file).mtimeMs > keptMs) rmSync(file, { force: true });
  }
}
