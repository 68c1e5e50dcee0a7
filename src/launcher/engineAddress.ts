import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import {
  isUnderstood,
  readEngineRecord,
  readSecretText,
  recordSuffix,
  secretFileName,
} from '../shared/engineRecord.ts';
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
export async function readEngineSecret({ home }: EngineAddress): Promise<string> {
  const file = path.join(home, secretFileName);
  if (await mayBeForeign(file, process.platform)) throw new Error(`others may reach into ${home}`);
  const secret = readSecretText(await readFile(file, 'utf8').catch(() => ''));
  if (
    secret === undefined &&
    !(await stat(home).then(
      () => true,
      () => false,
    ))
  )
    throw new Error('no window with Agent Quota is open');
  if (secret === undefined) throw new Error(`the secret of the engine cannot be read from ${file}`);
  return secret;
}

/**
 * The sockets of the engines that may be there: the preferred one, and then all that have left a record, the newest
 * first. All engines share the ledger, so any of them may serve.
 */
export async function engineSockets({ socket, home }: EngineAddress): Promise<string[]> {
  const names = await readdir(home).catch(() => []);
  const records = await Promise.all(
    names.filter((name) => name.endsWith(recordSuffix)).map((name) => recordedSocket(path.join(home, name))),
  );
  const newestFirst = records.filter((record) => record !== undefined).sort((a, b) => b.writtenAt - a.writtenAt);
  const preferred = socket === undefined ? [] : [socket];
  return [...new Set([...preferred, ...newestFirst.map(({ address }) => address)])];
}

async function recordedSocket(file: string): Promise<{ address: string; writtenAt: number } | undefined> {
  try {
    const record = readEngineRecord(await readFile(file, 'utf8'));
    if (record === undefined || !isUnderstood(record)) return undefined;
    return { address: record.address, writtenAt: (await stat(file)).mtimeMs };
  } catch {
    // It has just been removed.
    return undefined;
  }
}
