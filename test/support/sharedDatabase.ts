import pg from 'pg';
import type { SharedQuota } from '../../src/core/sharedQuota.ts';
import { connectionOptions } from '../../src/postgres/connectionOptions.ts';
import { installSchema } from '../../src/postgres/installSchema.ts';
import { type LedgerAddress, readAddress } from '../../src/postgres/ledgerAddress.ts';
import { openPostgresQuota } from '../../src/postgres/postgresQuota.ts';
import { systemClock } from '../../src/processes/systemClock.ts';
import { silentLogger } from '../unit/ledger/silentLogger.ts';
import { postgresServer, type PostgresServer } from './postgresServer.ts';

/** A database with the shared ledger in it, and with a clock that stands still. */
export class SharedDatabase {
  /** As the server's superuser. */
  readonly admin: pg.Client;
  readonly #superuser: LedgerAddress;
  readonly #opened: SharedQuota[] = [];
  readonly #clients: pg.Client[] = [];

  private constructor(admin: pg.Client, superuser: LedgerAddress) {
    this.admin = admin;
    this.#superuser = superuser;
  }

  /** @param now what its clock shows, in milliseconds since the epoch. */
  static async make(now = Date.UTC(2026, 4, 5, 12), server?: PostgresServer): Promise<SharedDatabase> {
    const url = await (server ?? (await postgresServer())).createDatabase();
    const address = addressOf(url);
    const admin = await connected(address);
    await installSchema(admin);
    const database = new SharedDatabase(admin, address);
    await database.stopClock(now);
    await database.addMember('member');
    return database;
  }

  /** Puts a clock that only tests move in the place of the ledger's. */
  async stopClock(now: number): Promise<void> {
    await this.admin.query(`
      CREATE TABLE IF NOT EXISTS public.test_clock (now double precision NOT NULL);
      DELETE FROM public.test_clock;
      INSERT INTO public.test_clock VALUES (${now});
      GRANT SELECT ON public.test_clock TO agent_quota_owner;
      CREATE OR REPLACE FUNCTION agent_quota.clock() RETURNS double precision LANGUAGE sql VOLATILE AS
        'SELECT now FROM public.test_clock'`);
  }

  /** Puts the ledger's own clock back in its place. */
  async runClock(): Promise<void> {
    await installSchema(this.admin);
  }

  async advance(ms: number): Promise<void> {
    await this.admin.query('UPDATE public.test_clock SET now = now + $1', [ms]);
  }

  async setClock(now: number): Promise<void> {
    await this.admin.query('UPDATE public.test_clock SET now = $1', [now]);
  }

  /** Forgets all plans and machines: as new, and sooner there than another database. */
  async empty(now: number): Promise<void> {
    await this.admin.query('TRUNCATE agent_quota.plan, agent_quota.machine CASCADE');
    await this.setClock(now);
  }

  /** Makes a login of the members' role, or of another one. Its password is its name. */
  async addMember(login: string, role = 'agent_quota_members'): Promise<void> {
    const name = pg.escapeIdentifier(login);
    const { rowCount } = await this.admin.query('SELECT FROM pg_roles WHERE rolname = $1', [login]);
    // Roles are the whole server's.
    if (rowCount === 0) await this.admin.query(`CREATE ROLE ${name} LOGIN PASSWORD ${pg.escapeLiteral(login)}`);
    if (role !== '') await this.admin.query(`GRANT ${pg.escapeIdentifier(role)} TO ${name}`);
  }

  address(login = 'member'): LedgerAddress {
    return { ...this.#superuser, user: login, password: login };
  }

  get superuser(): LedgerAddress {
    return this.#superuser;
  }

  open(login = 'member'): SharedQuota {
    const quota = openPostgresQuota({ address: this.address(login), clock: systemClock, logger: silentLogger });
    this.#opened.push(quota);
    return quota;
  }

  /** A connection that says whatever a test wants. */
  async connect(login = 'member'): Promise<pg.Client> {
    const client = await connected(this.address(login));
    this.#clients.push(client);
    return client;
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.map((quota) => quota.close()));
    await Promise.all(this.#clients.map((client) => client.end()));
    await this.admin.end();
  }
}

/** @param url as the server's `createDatabase` gives it. */
export function addressOf(url: string): LedgerAddress {
  const outcome = readAddress(url, 'the test', {});
  if (outcome.kind !== 'address') throw new Error(`No address: ${JSON.stringify(outcome)}`);
  return outcome.address;
}

async function connected(address: LedgerAddress): Promise<pg.Client> {
  const client = new pg.Client(connectionOptions(address));
  // The server is stopped under some tests.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
