/*
 * A program of its own: runs another program, and ends all of its process tree when the process that wanted it closes
 * the guard's stdin, which it does by stopping, by Ctrl+C, by a crash and by being killed alike.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { endProcessTree, treeMarkerVariable } from './processTree.ts';

const orders = z
  .object({ command: z.string(), args: z.array(z.string()), removeAfterwards: z.array(z.string()) })
  .parse(JSON.parse(process.argv[2] ?? ''));

const marker = randomUUID();
const child = spawn(orders.command, orders.args, {
  env: { ...process.env, [treeMarkerVariable]: marker },
  stdio: ['ignore', 'inherit', 'inherit'],
});

let ending: Promise<void> | undefined;
const end = (code: number): void => {
  ending ??= (async () => {
    await endProcessTree(child.pid ?? 0, marker);
    for (const directory of orders.removeAfterwards) {
      await rm(directory, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined);
    }
    process.exit(code);
  })();
};

child.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  end(127);
});
child.on('exit', (code, signalName) => {
  end(code ?? (signalName === null ? 0 : 1));
});
process.stdin.resume();
process.stdin.on('end', () => {
  end(0);
});
process.stdin.on('error', () => {
  end(0);
});
// Whoever was to read them is gone; there is still a tree to end.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    end(0);
  });
}
