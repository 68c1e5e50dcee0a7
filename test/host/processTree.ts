import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** The environment variable by which a process tree's members are known, wherever they have moved to. */
export const treeMarkerVariable = 'AGENT_QUOTA_HOST_TREE';

/**
 * Ends a process and everything that it started. A terminal's shell is a session leader of its own and a daemon has
 * init as its parent, so neither the process group nor the parents find them all: on Linux the marker in their
 * environment does, elsewhere the tree of parents as it is now.
 * @param marker what {@link treeMarkerVariable} is in the tree; without one, parents alone tell.
 */
export async function endProcessTree(root: number, marker?: string, graceMs = 3000): Promise<void> {
  if (process.platform === 'win32') {
    endWindowsTree(root);
    return;
  }
  const deadline = Date.now() + graceMs;
  const known = members(root, marker);
  signal(known, 'SIGTERM');
  while (Date.now() < deadline) {
    if (![...known, ...members(root, marker)].some(isAlive)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  // Twice: a process may have been starting another one the first time.
  for (let round = 0; round < 2; round++) {
    signal([...known, ...members(root, marker)], 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function members(root: number, marker: string | undefined): number[] {
  const children = new Map<number, number[]>();
  const found = new Set<number>([root]);
  for (const { pid, parent, marked } of process.platform === 'linux' ? linuxProcesses(marker) : posixProcesses()) {
    children.set(parent, [...(children.get(parent) ?? []), pid]);
    if (marked) found.add(pid);
  }
  for (const pid of found) for (const child of children.get(pid) ?? []) found.add(child);
  found.delete(process.pid);
  return [...found];
}

interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly marked: boolean;
}

function linuxProcesses(marker: string | undefined): ProcessRow[] {
  const rows: ProcessRow[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // The command's name may hold spaces and parentheses; the fields after the last one are state and parent.
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state === 'Z') continue;
      rows.push({ pid: Number(name), parent: Number(parent), marked: marker !== undefined && isMarked(name, marker) });
    } catch {
      // It has ended in between.
    }
  }
  return rows;
}

function isMarked(pid: string, marker: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${treeMarkerVariable}=${marker}`);
  } catch {
    // Another user's.
    return false;
  }
}

function posixProcesses(): ProcessRow[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .map(([pid = 0, parent = 0]) => ({ pid, parent, marked: false }))
    .filter(({ pid }) => pid > 0);
}

function endWindowsTree(root: number): void {
  try {
    execFileSync('taskkill', ['/T', '/F', '/PID', String(root)], { stdio: 'ignore' });
  } catch {
    // It has ended already.
  }
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // It has ended already.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch {
    return false;
  }
}

function isZombie(pid: number): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.charAt(stat.lastIndexOf(')') + 2) === 'Z';
  } catch {
    return true;
  }
}
