import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** What asks the machine; all of it can be another platform's in tests. */
export interface AncestorSources {
  readonly platform: NodeJS.Platform;
  /** Reads a file below /proc. Rejects when it is not there. */
  readonly read: (path: string) => Promise<string>;
  /** Runs a program. @returns what it prints. */
  readonly run: (program: string, args: readonly string[]) => Promise<string>;
}

/** A chain that is longer is no chain. */
const longestChain = 64;
const runTimeoutMs = 10_000;

const thisMachine: AncestorSources = {
  platform: process.platform,
  read: (path) => readFile(path, 'latin1'),
  run: async (program, args) => {
    const options = { timeout: runTimeoutMs, windowsHide: true, maxBuffer: 16 * 1024 * 1024 };
    return (await promisify(execFile)(program, [...args], options)).stdout;
  },
};

/** Prints "process parent" for every process. There is no shorter way on Windows, where `wmic` is gone. */
const windowsScript =
  'Get-CimInstance Win32_Process -Property ProcessId,ParentProcessId | ' +
  'ForEach-Object { "$($_.ProcessId) $($_.ParentProcessId)" }';

/**
 * The processes that each of these is a child of, the nearest first; none for one that is gone.
 * @throws when the machine does not tell.
 */
export async function processAncestors(
  pids: readonly number[],
  sources: AncestorSources = thisMachine,
): Promise<ReadonlyMap<number, readonly number[]>> {
  const parentOf = await parents(sources);
  const found = new Map<number, readonly number[]>();
  for (const pid of pids) {
    const chain: number[] = [];
    let above = await parentOf(pid);
    while (above !== undefined && above > 0 && !chain.includes(above) && chain.length < longestChain) {
      chain.push(above);
      above = await parentOf(above);
    }
    found.set(pid, chain);
  }
  return found;
}

async function parents({
  platform,
  read,
  run,
}: AncestorSources): Promise<(pid: number) => Promise<number | undefined>> {
  if (platform === 'linux') {
    const known = new Map<number, Promise<number | undefined>>();
    return (pid) => {
      const parent = known.get(pid) ?? linuxParent(pid, read);
      known.set(pid, parent);
      return parent;
    };
  }
  const listed =
    platform === 'win32'
      ? await run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', windowsScript])
      : await run('ps', ['-A', '-o', 'pid=,ppid=']);
  const table = new Map(
    [...listed.matchAll(/^\s*(\d+)\s+(\d+)\s*$/gm)].map(([, pid, parent]) => [Number(pid), Number(parent)] as const),
  );
  return (pid) => Promise.resolve(table.get(pid));
}

/** Field 4 of proc(5)'s `stat`; the name in field 2 may hold spaces and parentheses. */
async function linuxParent(pid: number, read: AncestorSources['read']): Promise<number | undefined> {
  try {
    const stat = await read(`/proc/${pid}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    return Number.isSafeInteger(parent) ? parent : undefined;
  } catch {
    return undefined;
  }
}
