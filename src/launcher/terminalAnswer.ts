import { once } from 'node:events';
import type { CommandLine } from './commandLine.ts';
import type { Notice } from './notice.ts';

type RunWish = CommandLine & { kind: 'run' };

/** VS Code closes an agent terminal with its launcher, and what was said would be gone with it. */
export async function untilRead({ startedBy }: RunWish, notice: Notice): Promise<void> {
  if (startedBy !== 'terminal' || !process.stdin.isTTY) return;
  notice.say('Press Enter to close this terminal.');
  await readLine();
  process.exit(0);
}

/** Asks in an agent terminal, where a session may not work, whether it starts without one. Nobody else is asked. */
export async function wantsNoQuota({ startedBy }: RunWish, notice: Notice): Promise<boolean> {
  if (startedBy !== 'terminal' || !process.stdin.isTTY) return false;
  notice.say('Press Enter to start under quota all the same, or type n and Enter to start without.');
  return /^n/i.test(await readLine());
}

/** Leaves what comes after the line to the shell. */
async function readLine(): Promise<string> {
  const [chunk] = (await once(process.stdin, 'data')) as [Buffer];
  process.stdin.pause();
  return chunk.toString().trim();
}
