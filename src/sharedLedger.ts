/** The ledger of a quota that machines share: a bundle of its own, which only those load who share one. */
import { exec } from 'node:child_process';
import { hash } from 'node:crypto';
import { homedir, hostname, userInfo } from 'node:os';
import { nanoid } from 'nanoid';
import type { Ledger } from './core/ledger.ts';
import type { Logger } from './core/logger.ts';
import type { SharedLedgerStart } from './core/quotaEngine.ts';
import { SharedQuotaError, type SharedQuota } from './core/sharedQuota.ts';
import { type Pseudonym, withHiddenNames } from './ledger/hiddenNames.ts';
import { LateSharedQuota } from './ledger/lateSharedQuota.ts';
import { LeasedLedger } from './ledger/leasedLedger.ts';
import type { LedgerStore } from './ledger/ledgerStore.ts';
import { addressForm, addressOfEnvironment, readAddress } from './postgres/ledgerAddress.ts';
import { ledgerAddressVariable } from './shared/launcherVariables.ts';
import type { AddressOutcome, LedgerAddress } from './postgres/ledgerAddress.ts';
import { openPostgresQuota } from './postgres/postgresQuota.ts';
import { systemMonotonicClock } from './processes/systemMonotonicClock.ts';

/** How long the command that prints the address may take, in milliseconds: it may ask for a password. */
const commandMs = 60_000;

/** Makes a ledger on this machine's rows that shares its quota by the database that the user has set. */
export function sharedLedger(store: LedgerStore, start: SharedLedgerStart, logger: Logger): Ledger {
  const clock = systemMonotonicClock;
  const late = new LateSharedQuota(async () => {
    const address = await addressOf(start.addressCommand);
    return openPostgresQuota({ address, clock, logger });
  });
  const shared: SharedQuota = start.hideNames ? withHiddenNames(late, pseudonym) : late;
  return new LeasedLedger({
    store,
    shared,
    clock,
    names: { name: hostname(), user: userInfo().username },
    newId: () => nanoid(),
    whenAway: () => start.whenAway,
    logger,
  });
}

/** So that a name cannot be read; whoever knows the name can tell that it is this one. */
const pseudonym: Pseudonym = (kind, name) =>
  `${kind}-${hash('sha256', `agent-quota ${kind} ${name}`, 'hex').slice(0, 10)}`;

/** @throws SharedQuotaError for people, without what the command has printed. */
async function addressOf(command: string): Promise<LedgerAddress> {
  const found = command === '' ? addressOfEnvironment(process.env) : await addressOfCommand(command);
  if (found.kind === 'address') return found.address;
  if (found.kind === 'refused') throw new SharedQuotaError('refused', `${found.message} ${found.nextStep}`);
  throw new SharedQuotaError(
    'refused',
    `No address of the shared ledger is set. Set ${ledgerAddressVariable} in the environment that VS Code starts with, as ` +
      `${addressForm}, or a command that prints it in agentQuota.sharedLedger.addressCommand.`,
  );
}

async function addressOfCommand(command: string): Promise<AddressOutcome> {
  const printed = await new Promise<string>((resolve, reject) => {
    const options = { cwd: homedir(), timeout: commandMs, maxBuffer: 64 * 1024, windowsHide: true };
    exec(command, options, (error, stdout) => {
      // What it printed may be the password.
      if (error !== null) reject(new SharedQuotaError('away', `${commandName} ended with ${endingOf(error)}.`));
      else resolve(stdout.trim());
    });
  });
  return readAddress(printed, commandName, process.env);
}

const commandName = 'The command of agentQuota.sharedLedger.addressCommand';

function endingOf(error: { readonly code?: unknown; readonly killed?: boolean | undefined }): string {
  return error.killed === true ? 'no answer in time' : `exit code ${String(error.code)}`;
}
