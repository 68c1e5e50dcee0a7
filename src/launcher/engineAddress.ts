import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { EngineRecord } from '../shared/engineRecord.ts';
import { readSecretText, secretFileName } from '../shared/launcherSecret.ts';
import { launcherVariables } from '../shared/launcherVariables.ts';
import { mayBeForeign } from './socketOwner.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where engines are looked for. */
export interface EngineAddress {
  /** Of the engine that is asked first; absent where no window is preferred. */
  readonly socket?: string;
  /** The directory that holds the engines' secret and a record of each. */
  readonly home: string;
}

/** Where engines are looked for from this terminal; undefined where there are none. */
export function engineAddress(environment: Environment = process.env): EngineAddress | undefined {
  const socket = environment[launcherVariables.socket] ?? '';
  const home = environment[launcherVariables.home] ?? '';
  if (home === '') return undefined;
  return socket === '' ? { home } : { socket, home };
}

/**
 * Reads the secret that every engine asks for.
 * @throws an error whose message is for people and ends without a full stop.
 */
export function readEngineSecret({ home }: EngineAddress): string {
  const file = path.join(home, secretFileName);
  if (mayBeForeign(file, process.platform)) throw new Error(`others may reach into ${home}`);
  const secret = readSecretText(textOf(file) ?? '');
  if (secret !== undefined) return secret;
  if (!existsSync(home)) throw new Error('no window with Agent Quota is open');
  throw new Error(`the secret of the engine cannot be read from ${file}`);
}

/**
 * The sockets of the engines that may be there: the preferred one, and then all that have left a record, the newest
 * first. All engines share the ledger, so any of them may serve.
 */
export async function* engineSockets({ socket, home }: EngineAddress): AsyncGenerator<string> {
  const known = new Set<string>();
  if (socket !== undefined) {
    known.add(socket);
    yield socket;
  }
  const { isUnderstood } = await import('../shared/engineRecord.ts');
  for (const record of await recordsIn(home)) {
    if (record.leftAt !== undefined || !isUnderstood(record) || known.has(record.address)) continue;
    known.add(record.address);
    yield record.address;
  }
}

/** Whether the preferred engine has closed just now, so that its window may only reload. */
export async function mayReload({ socket, home }: EngineAddress): Promise<boolean> {
  const { mayComeBack } = await import('../shared/engineRecord.ts');
  const own = (await recordsIn(home)).find(({ address }) => address === socket);
  return own !== undefined && mayComeBack(own, Date.now());
}

/** The newest first. */
async function recordsIn(home: string): Promise<readonly EngineRecord[]> {
  const { readEngineRecord, recordSuffix } = await import('../shared/engineRecord.ts');
  return namesIn(home)
    .filter((name) => name.endsWith(recordSuffix))
    .map((name) => path.join(home, name))
    .map((file) => ({ record: readEngineRecord(textOf(file) ?? ''), writtenAt: timeOf(file) }))
    .sort((a, b) => b.writtenAt - a.writtenAt)
    .flatMap(({ record }) => record ?? []);
}

/** @returns undefined for a file that is not there, or has just been removed. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function timeOf(file: string): number {
  try {
    return statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
