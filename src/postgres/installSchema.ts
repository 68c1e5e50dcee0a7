import pg, { type ClientBase } from 'pg';
import * as z from 'zod';
import { SharedQuotaError } from '../core/sharedQuota.ts';
import { migrations, schemaVersion } from './migrations.ts';
import { schemaFunctions } from './schemaFunctions.ts';
import { schemaName } from './schemaName.ts';

/** The members' role where none is named. */
export const defaultMembers = 'agent_quota_members';
/** Owns the schema where a superuser makes it: functions with the owner's rights must not have a superuser's. */
const ownerRole = 'agent_quota_owner';
/** Held while the schema is made or changed, so that two do not at once. */
const installLock = 726_117_001;
const leastServer = 140_000;

/** What became of the schema. */
export interface Installed {
  /** 0 where there was none. */
  readonly from: number;
  readonly to: number;
  readonly members: string;
  readonly madeMembers: boolean;
}

const stateSchema = z.object({
  server: z.coerce.number(),
  is_super: z.boolean(),
  owner: z.string().nullable(),
});

/**
 * Makes the schema, or brings it to this version: each step is one transaction, and a step that fails leaves it at the
 * one before. Made by an administrator's role.
 * @param members the role whose members may use it; made where there is none. Undefined: what it is, or the default.
 * @throws SharedQuotaError where the schema is newer than this code, or the server too old; else the server's error.
 */
export async function installSchema(client: ClientBase, members?: string): Promise<Installed> {
  await client.query('SELECT pg_advisory_lock($1)', [installLock]);
  try {
    return await install(client, members);
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [installLock]);
  }
}

async function install(client: ClientBase, named: string | undefined): Promise<Installed> {
  const { rows } = await client.query(
    `SELECT current_setting('server_version_num') AS server,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS is_super,
       (SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = $1) AS owner`,
    [schemaName],
  );
  const state = stateSchema.parse(rows[0]);
  if (state.server < leastServer) {
    throw new SharedQuotaError('refused', 'The server is older than PostgreSQL 14. Take a newer one.');
  }
  let owner = state.owner;
  owner ??= await makeSchema(client, state.is_super);
  const inSchema = async <T>(work: () => Promise<T>): Promise<T> => {
    await client.query('BEGIN');
    try {
      await client.query(`SET LOCAL ROLE ${pg.escapeIdentifier(owner)}`);
      await client.query(`SET LOCAL search_path = ${schemaName}, pg_temp`);
      const result = await work();
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  };
  const from = await inSchema(() => currentVersion(client));
  if (from > schemaVersion) throw newerSchema(from);
  const members = named ?? (from === 0 ? defaultMembers : await inSchema(() => currentMembers(client)));
  const madeMembers = await makeRole(client, members);
  for (const [index, step] of migrations.entries()) {
    if (index < from) continue;
    await inSchema(async () => {
      await client.query(step);
      await client.query('UPDATE schema_version SET version = $1', [index + 1]);
      if (index === 0) await client.query('INSERT INTO setting (members) VALUES ($1)', [members]);
    });
  }
  await inSchema(async () => {
    const before = await currentMembers(client);
    if (before !== members) {
      await client.query(`REVOKE USAGE ON SCHEMA ${schemaName} FROM ${pg.escapeIdentifier(before)}`);
      await client.query('UPDATE setting SET members = $1', [members]);
    }
    await client.query('SET LOCAL check_function_bodies = off');
    for (const sql of schemaFunctions) await client.query(sql);
  });
  return { from, to: schemaVersion, members, madeMembers };
}

/** @returns its owner. */
async function makeSchema(client: ClientBase, isSuper: boolean): Promise<string> {
  if (isSuper) await makeRole(client, ownerRole);
  const { rows } = await client.query('SELECT current_user AS name');
  const owner = isSuper ? ownerRole : z.object({ name: z.string() }).parse(rows[0]).name;
  await client.query(`CREATE SCHEMA ${schemaName} AUTHORIZATION ${pg.escapeIdentifier(owner)}`);
  return owner;
}

/** Makes a role that cannot log in, where there is none of the name. @returns whether it did. */
async function makeRole(client: ClientBase, name: string): Promise<boolean> {
  const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [name]);
  if (rowCount !== 0) return false;
  await client.query(`CREATE ROLE ${pg.escapeIdentifier(name)} NOLOGIN`);
  return true;
}

async function currentVersion(client: ClientBase): Promise<number> {
  await client.query('CREATE TABLE IF NOT EXISTS schema_version (version integer NOT NULL)');
  const { rows } = await client.query('SELECT version FROM schema_version');
  const found = z.array(z.object({ version: z.number() })).parse(rows)[0];
  if (found !== undefined) return found.version;
  await client.query('INSERT INTO schema_version (version) VALUES (0)');
  return 0;
}

async function currentMembers(client: ClientBase): Promise<string> {
  const { rows } = await client.query('SELECT members FROM setting');
  return z.object({ members: z.string() }).parse(rows[0]).members;
}

/** @param version of the schema that was found. */
export function newerSchema(version: number): SharedQuotaError {
  return new SharedQuotaError(
    'refused',
    `The shared ledger's schema has version ${version}, and this Agent Quota knows ${schemaVersion} at most. Update Agent Quota.`,
  );
}
