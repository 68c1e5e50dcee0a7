import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { LedgerModule, LedgerWish } from '../shared/ledgerWish.ts';
import { documentText } from './documents.ts';
import { createNotice } from './notice.ts';
import { printable } from './printable.ts';

const badNewsExitCode = 1;
/** EX_UNAVAILABLE of sysexits(3): there is no database to ask. */
const unavailableExitCode = 69;
const unavailable: readonly string[] = ['no-address', 'unreachable', 'busy'];

/** Answers a command about the shared ledger, as text or as one JSON document, and sets the process's exit code. */
export async function runLedger(wish: LedgerWish, json: boolean): Promise<void> {
  const { stdout, stderr, env } = process;
  stdout.on('error', () => process.exit());
  const { answerLedger } = await ledgerModule(process.argv[1] ?? '');
  const { text, part, error } = await answerLedger(wish, env);
  if (error !== undefined) process.exitCode = unavailable.includes(error.code) ? unavailableExitCode : badNewsExitCode;
  if (json) {
    stdout.write(documentText('ledger', { action: wish.action, ...part }, error));
    return;
  }
  if (text !== '') stdout.write(linesOf(text));
  if (error !== undefined) createNotice(stderr, env).say(printable(`${error.message} ${error.nextStep}`));
}

/**
 * The client library is in a bundle of its own beside this one's, or, where nothing is bundled, in its room.
 * @param script what runs.
 */
async function ledgerModule(script: string): Promise<LedgerModule> {
  const beside = script.endsWith('.ts') ? '../postgres/ledgerAdmin.ts' : 'ledgerAdmin.cjs';
  const file = path.resolve(path.dirname(script), beside);
  return (await import(pathToFileURL(file).href)) as LedgerModule;
}

/** Names in it may be anybody's. */
function linesOf(text: string): string {
  return text
    .split('\n')
    .map((line) => `${/^ */.exec(line)?.[0] ?? ''}${printable(line)}`)
    .join('\n');
}
