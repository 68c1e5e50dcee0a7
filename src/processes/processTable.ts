import { readFileSync } from 'node:fs';
import { uptime as machineUptime } from 'node:os';
import type { ProcessTable } from '../core/processTable.ts';
import type { ProcessIdentity } from '../core/session.ts';

/** What a {@link ProcessTable} asks of the machine; all of it can be another platform's in tests. */
export interface ProcessTableOptions {
  readonly platform?: NodeJS.Platform;
  /** Reads a file below /proc; throws when it is not there. */
  readonly readFile?: (path: string) => string;
  /** Signal 0 to a process; throws `ESRCH` when there is none, `EPERM` when there is one of another user. */
  readonly kill?: (pid: number, signal: 0) => void;
  /** How long the machine has been up, in seconds; throws when that is not known. */
  readonly uptime?: () => number;
}

/** How much less than a mark says the machine must have been up for its boot to be another, in seconds. */
const uptimeToleranceSeconds = 300;

/**
 * The machine's processes. A check is one small read (or one system call where there is no /proc), synchronous, so
 * hundreds a second cost next to nothing.
 */
export function createProcessTable(options: ProcessTableOptions = {}): ProcessTable {
  const platform = options.platform ?? process.platform;
  const readFile = options.readFile ?? ((path) => readFileSync(path, 'latin1'));
  const kill = options.kill ?? ((pid, signal) => process.kill(pid, signal));
  if (platform !== 'linux') {
    const uptime = options.uptime ?? machineUptime;
    return {
      identify: (pid) => ({ pid, ...uptimeMark(uptime) }),
      isAlive: ({ pid, startMark }) => answersSignal(pid, kill) && !isOfEarlierBoot(startMark, uptime),
    };
  }

  const boot = bootMark(readFile);
  const inspect = (pid: number): { state: string; startMark: string } | undefined => {
    try {
      return parseStat(readFile(`/proc/${pid}/stat`), boot());
    } catch {
      return undefined;
    }
  };
  return {
    identify(pid): ProcessIdentity {
      const found = inspect(pid);
      return found === undefined ? { pid } : { pid, startMark: found.startMark };
    },
    isAlive({ pid, startMark }): boolean {
      if (!isProcessId(pid)) return false;
      const found = inspect(pid);
      // Not in /proc: gone, unless /proc itself is not to be had here.
      if (found === undefined) return answersSignal(pid, kill);
      const isOver = found.state === 'Z' || found.state === 'X' || found.state === 'x';
      return !isOver && (startMark === undefined || isSameStart(startMark, found.startMark));
    },
  };
}

/**
 * State and start time, fields 3 and 22 of proc(5)'s `stat`. The name in field 2 may hold spaces and parentheses, so
 * counting starts behind its last one.
 */
function parseStat(stat: string, boot: string): { state: string; startMark: string } | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  return state === undefined || startTicks === undefined ? undefined : { state, startMark: `${boot}${startTicks}` };
}

/**
 * Start times count from boot, and sessions are remembered across boots: so the boot is part of the mark.
 * @returns gives the boot's part; nothing while it cannot be read, as for a moment where there are no more file handles.
 */
function bootMark(readFile: (path: string) => string): () => string {
  let known: string | undefined;
  return () => {
    try {
      return (known ??= `${readFile('/proc/sys/kernel/random/boot_id').trim().slice(0, 8)}-`);
    } catch {
      return '';
    }
  };
}

/** Whether two marks are of one start. One without the boot's part says nothing of the boot. */
function isSameStart(mark: string, other: string): boolean {
  const [boot, ticks] = partsOf(mark);
  const [otherBoot, otherTicks] = partsOf(other);
  return ticks === otherTicks && (boot === otherBoot || boot === '' || otherBoot === '');
}

function partsOf(mark: string): readonly [boot: string, ticks: string] {
  const end = mark.indexOf('-') + 1;
  return [mark.slice(0, end), mark.slice(end)];
}

/**
 * Where there is no /proc, the mark is how long the machine had been up when the process was seen. A machine that has
 * been up for less was started again since; one that has been up for longer may have been, which the mark does not tell.
 * Unlike the moment of the boot, this does not depend on the wall clock: a clock that is put right ends no session.
 */
function uptimeMark(uptime: () => number): { readonly startMark?: string } {
  const [seconds] = uptimes(uptime);
  return seconds === undefined ? {} : { startMark: `up-${Math.floor(seconds)}` };
}

function isOfEarlierBoot(startMark: string | undefined, uptime: () => number): boolean {
  const marked = /^up-(\d+)$/.exec(startMark ?? '')?.[1];
  if (marked === undefined) return false;
  const most = uptimes(uptime).at(-1);
  return most !== undefined && most + uptimeToleranceSeconds < Number(marked);
}

/** Asked twice, the smaller first: on macOS it is a difference, which is wrong if the clock is set while it is taken. */
function uptimes(uptime: () => number): readonly number[] {
  try {
    return [uptime(), uptime()].filter((seconds) => seconds > 0).sort((a, b) => a - b);
  } catch {
    return [];
  }
}

function answersSignal(pid: number, kill: (pid: number, signal: 0) => void): boolean {
  if (!isProcessId(pid)) return false;
  try {
    kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** 0 and negative numbers name process groups. */
function isProcessId(pid: number): boolean {
  return Number.isSafeInteger(pid) && pid > 0;
}
