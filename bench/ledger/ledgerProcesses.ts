import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { LedgerTask } from './ledgerTask.ts';

/** Runs a task in so many processes at once, which begin together. @returns the milliseconds of every call. */
export async function runInProcesses(count: number, task: Omit<LedgerTask, 'engineId'>): Promise<number[]> {
  const processes = await Promise.all(
    Array.from({ length: count }, (_, index) => startProcess({ ...task, engineId: `process-${index}` })),
  );
  const times = await Promise.all(processes.map((begin) => begin()));
  return times.flat();
}

/** @returns when the process is ready: a function that lets it begin and resolves with its times. */
async function startProcess(task: LedgerTask): Promise<() => Promise<number[]>> {
  const main = fileURLToPath(new URL('ledgerProcess.ts', import.meta.url));
  const child = spawn(process.execPath, [main, JSON.stringify(task)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done === true) throw new Error('A process of the ledger benchmark ended early.');
    return line.value;
  };
  await nextLine();
  return async () => {
    child.stdin.write('begin\n');
    const times = JSON.parse(await nextLine()) as number[];
    await exited;
    return times;
  };
}
