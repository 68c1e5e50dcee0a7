import type { ClientBase } from 'pg';
import * as z from 'zod';
import type { LedgerAnswer } from '../shared/ledgerWish.ts';
import { noSchema, type Diagnosis } from './diagnosis.ts';
import { functionsRevision } from './functionsRevision.ts';
import { type LedgerAddress, shownAddress } from './ledgerAddress.ts';
import { schemaVersion } from './migrations.ts';
import { schemaName } from './schemaName.ts';

/** Leases bear any difference of clocks; days and history do not bear this much. In milliseconds. */
const bearableClockMs = 5 * 60_000;

const stateRow = z.object({ exists: z.boolean(), may_enter: z.boolean().nullable(), server: z.string() });
const versionRow = z.object({ version: z.number() });
const helloRow = z.object({
  hello: z.object({ clock: z.number(), mayUse: z.boolean(), leaseMs: z.number(), revision: z.int().default(0) }),
});

/**
 * Looks at everything that keeps a member from using the shared ledger.
 * @throws the server's error, to be explained.
 */
export async function checkLedger(client: ClientBase, address: LedgerAddress): Promise<LedgerAnswer> {
  const where = shownAddress(address);
  const { rows } = await client.query(
    `SELECT to_regnamespace($1) IS NOT NULL AS exists, has_schema_privilege(to_regnamespace($1)::oid, 'USAGE') AS may_enter,
       current_setting('server_version') AS server`,
    [schemaName],
  );
  const state = stateRow.parse(rows[0]);
  const part = { address: where, server: state.server, tls: address.usesTls };
  const wrong = (found: Diagnosis, more = {}): LedgerAnswer => ({ text: '', part: { ...part, ...more }, error: found });
  if (!state.exists) return wrong(noSchema(address));
  if (state.may_enter !== true) return wrong(noRights(address));
  const { version } = versionRow.parse((await client.query(`SELECT ${schemaName}.version()`)).rows[0]);
  const schema = { schemaVersion: version };
  if (version !== schemaVersion) return wrong(otherVersion(version, where), schema);
  const before = Date.now();
  const { hello } = helloRow.parse((await client.query(`SELECT ${schemaName}.hello()`)).rows[0]);
  const after = Date.now();
  const roundTripMs = after - before;
  const clockDifferenceMs = Math.round(hello.clock - (before + after) / 2);
  const all = {
    ...schema,
    roundTripMs,
    clockDifferenceMs,
    leaseSeconds: hello.leaseMs / 1000,
    functionsRevision: hello.revision,
  };
  if (!hello.mayUse) return wrong(noRights(address), all);
  if (Math.abs(clockDifferenceMs) > bearableClockMs + roundTripMs) return wrong(clockOff(clockDifferenceMs), all);
  return {
    text:
      `The shared ledger at ${where} can be used.\n` +
      `PostgreSQL ${state.server}, ${address.usesTls ? 'over TLS' : 'on this machine'}; schema version ${version}; ` +
      `${roundTripMs} ms for a call; leases last ${hello.leaseMs / 1000} s.\n` +
      otherFunctions(hello.revision),
    part: { ...part, ...all },
  };
}

/** Other functions of the same tables do their part, and lack what was repaired since. */
function otherFunctions(revision: number): string {
  if (revision === functionsRevision) return '';
  const known = `Its functions have revision ${revision}, those of this Agent Quota ${functionsRevision}`;
  return revision < functionsRevision
    ? `${known}: let an administrator run agent-quota ledger init.\n`
    : `${known}: update Agent Quota here.\n`;
}

function noRights({ user }: LedgerAddress): Diagnosis {
  return {
    code: 'no-rights',
    message: `"${user}" is no member of the shared ledger.`,
    nextStep: `Let an administrator grant the members' role: GRANT agent_quota_members TO "${user}";`,
  };
}

function otherVersion(version: number, where: string): Diagnosis {
  const message = `The schema of the shared ledger at ${where} has version ${version}, and this Agent Quota speaks to ${schemaVersion}.`;
  return version < schemaVersion
    ? { code: 'older-schema', message, nextStep: 'Let an administrator run agent-quota ledger init.' }
    : { code: 'newer-schema', message, nextStep: 'Update Agent Quota.' };
}

function clockOff(differenceMs: number): Diagnosis {
  const minutes = Math.round(Math.abs(differenceMs) / 60_000);
  return {
    code: 'clock',
    message: `The clock of this machine is ${minutes} minutes ${differenceMs > 0 ? 'behind' : 'ahead of'} the database's.`,
    nextStep: 'Set it: leases bear it, the tokens of a day and the history do not.',
  };
}
