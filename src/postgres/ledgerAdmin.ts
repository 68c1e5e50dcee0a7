import pg from 'pg';
import { SharedQuotaError } from '../core/sharedQuota.ts';
import type { LedgerAnswer, LedgerWish } from '../shared/ledgerWish.ts';
import { connectionOptions } from './connectionOptions.ts';
import { diagnose, type Diagnosis } from './diagnosis.ts';
import { installSchema } from './installSchema.ts';
import { addressForm, addressOfEnvironment, type LedgerAddress, shownAddress } from './ledgerAddress.ts';
import { ledgerAddressVariable } from '../shared/launcherVariables.ts';
import { checkLedger } from './ledgerCheck.ts';
import { setLimits, shownLimits } from './ledgerLimits.ts';
import { passwordOfFile } from './passwordFile.ts';

/**
 * Answers `agent-quota ledger …`: the entry of a bundle of its own, so that nobody else loads the client library.
 * @returns never rejects for what a user can put right.
 */
export async function answerLedger(
  wish: LedgerWish,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<LedgerAnswer> {
  const outcome = addressOfEnvironment(environment);
  if (outcome.kind === 'none') return failed(noAddress);
  if (outcome.kind === 'refused') return failed({ code: 'bad-address', ...outcome });
  const { address } = outcome;
  let client: pg.Client | undefined;
  try {
    client = new pg.Client(connectionOptions(address));
    // What breaks a connection is told by the call that needs it.
    client.on('error', () => undefined);
    await client.connect();
    return await answer(wish, client, address);
  } catch (error) {
    return failed(await explained(error, wish, address), { address: shownAddress(address) });
  } finally {
    client?.end().catch(() => undefined);
  }
}

async function answer(wish: LedgerWish, client: pg.Client, address: LedgerAddress): Promise<LedgerAnswer> {
  const where = shownAddress(address);
  switch (wish.action) {
    case 'init': {
      const { from, to, members, madeMembers } = await installSchema(client, wish.members);
      const did =
        from === 0
          ? 'The shared ledger is made'
          : from === to
            ? 'The shared ledger is up to date'
            : 'The shared ledger is brought up to date';
      return {
        text:
          `${did}: version ${to}, at ${where}.\n` +
          `${madeMembers ? `The role ${members} is made` : `Its members' role is ${members}`}. Let each login in by:\n` +
          `  GRANT ${shownRole(members)} TO somebody;\n` +
          `Then set the limits: agent-quota ledger limits --help\n`,
        part: { address: where, versionBefore: from, schemaVersion: to, members, madeMembers },
      };
    }
    case 'check':
      return checkLedger(client, address);
    case 'limits': {
      const changes = Object.keys(wish.set).length > 0 || wish.role !== undefined || wish.leaseSeconds !== undefined;
      if (changes) await setLimits(client, wish);
      return shownLimits(client, wish.planId);
    }
  }
}

async function explained(error: unknown, { action }: LedgerWish, address: LedgerAddress): Promise<Diagnosis> {
  if (error instanceof SharedQuotaError) {
    const end = error.message.lastIndexOf('. ', error.message.length - 2) + 1;
    const [message, nextStep] = [error.message.slice(0, end), error.message.slice(end + 1)];
    return { code: message.includes('schema') ? 'newer-schema' : 'failed', message, nextStep };
  }
  const found = diagnose(error, address);
  if (found.code === 'no-rights' && action !== 'check') {
    const nextStep =
      action === 'init'
        ? 'Connect as a role that may create schemas in this database, and roles (or let one create the role first).'
        : 'Connect as the role that made the ledger.';
    return { ...found, nextStep };
  }
  if (found.code !== 'password') return found;
  const { warning } = await passwordOfFile(address);
  return warning === undefined ? found : { ...found, message: `${found.message} The ${warning}.` };
}

/** As it is written in SQL. */
function shownRole(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : pg.escapeIdentifier(name);
}

const noAddress: Diagnosis = {
  code: 'no-address',
  message: 'Nothing in this environment says where the shared ledger is.',
  nextStep: `Set ${ledgerAddressVariable} to ${addressForm}, with the password in ~/.pgpass; or set PGHOST, PGDATABASE and PGUSER. The command of the setting agentQuota.sharedLedger.addressCommand is run by windows alone: set the variable to what it prints.`,
};

function failed({ code, message, nextStep }: Diagnosis, part: Readonly<Record<string, unknown>> = {}): LedgerAnswer {
  return { text: '', part, error: { code, message, nextStep } };
}
