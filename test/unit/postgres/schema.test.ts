import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import pg from 'pg';
import { SharedQuotaError } from '../../../src/core/sharedQuota.ts';
import { functionsRevision } from '../../../src/postgres/functionsRevision.ts';
import { installSchema } from '../../../src/postgres/installSchema.ts';
import { migrations, schemaVersion } from '../../../src/postgres/migrations.ts';
import { schemaFunctions } from '../../../src/postgres/schemaFunctions.ts';
import { addressOf, SharedDatabase } from '../../support/sharedDatabase.ts';
import { postgresServer } from '../../support/postgresServer.ts';
import { FakeMachine, identity } from './fakeMachine.ts';

describe('the schema of the shared ledger', function () {
  this.timeout(60_000);
  let url: string;
  let admin: pg.Client;

  beforeEach(async () => {
    url = await (await postgresServer()).createDatabase();
    admin = new pg.Client({ connectionString: url });
    await admin.connect();
  });
  afterEach(() => admin.end());

  const version = async (): Promise<number> => {
    const { rows } = await admin.query<{ version: number }>('SELECT version FROM agent_quota.schema_version');
    return rows[0]?.version ?? NaN;
  };

  it('has another revision of its functions whenever they change', () => {
    const digest = createHash('sha256').update(schemaFunctions.join('')).digest('hex').slice(0, 16);
    const changed = 'They have changed: count functionsRevision up, and put its line here.';
    assert.equal(`${functionsRevision} ${digest}`, '4 44a744eb2670f5dd', changed);
  });

  it('is made once, by however many at once, and keeps what is in it', async () => {
    const others = await Promise.all(
      [1, 2, 3].map(async () => {
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        return client;
      }),
    );
    const made = await Promise.all(others.map((client) => installSchema(client)));
    await Promise.all(others.map((client) => client.end()));
    assert.deepEqual(made.map(({ from }) => from).sort(), [0, schemaVersion, schemaVersion]);
    await admin.query(`INSERT INTO agent_quota.plan (plan_id) VALUES ('kept')`);
    assert.equal((await installSchema(admin)).to, schemaVersion);
    assert.equal((await admin.query('SELECT FROM agent_quota.plan')).rowCount, 1);
  });

  it('belongs to a role that nobody logs in as, and runs with no superuser’s rights', async () => {
    await installSchema(admin);
    const { rows } = await admin.query(
      `SELECT DISTINCT pg_get_userbyid(proowner) AS owner, rolsuper, rolcanlogin
       FROM pg_proc JOIN pg_roles r ON r.oid = proowner WHERE pronamespace = 'agent_quota'::regnamespace`,
    );
    assert.deepEqual(rows, [{ owner: 'agent_quota_owner', rolsuper: false, rolcanlogin: false }]);
  });

  it('is brought from version 1 to the last, with what is in it', async () => {
    // As the first version left it.
    await installSchema(admin);
    await admin.query('DROP SCHEMA agent_quota CASCADE');
    await admin.query('CREATE SCHEMA agent_quota AUTHORIZATION agent_quota_owner');
    await admin.query('SET ROLE agent_quota_owner');
    await admin.query('SET search_path = agent_quota');
    await admin.query(migrations[0] ?? '');
    await admin.query(`
      CREATE TABLE schema_version (version integer NOT NULL);
      INSERT INTO schema_version VALUES (1);
      INSERT INTO setting (members, lease_ms) VALUES ('agent_quota_members', 7000);
      INSERT INTO plan (plan_id) VALUES ('plan');
      INSERT INTO scope (plan_id, scope_id, set_limits) VALUES ('plan', 'plan', '{"tokensPerMinute": 500}');
      INSERT INTO bucket (plan_id, scope_id, dimension) VALUES ('plan', 'plan', 'tokensPerMinute');
      INSERT INTO machine (machine_id, login, name, user_name) VALUES ('m', 'postgres', 'm', 'u');`);
    await admin.query('RESET ROLE; RESET search_path');
    const done = await installSchema(admin);
    assert.deepEqual([done.from, done.to, done.members], [1, schemaVersion, 'agent_quota_members']);
    const { rows } = await admin.query(`SELECT delivered_through, login FROM agent_quota.machine`);
    assert.deepEqual(rows, [{ delivered_through: '-1', login: 'postgres' }]);
    assert.equal((await admin.query(`SELECT FROM agent_quota.setting WHERE lease_ms = 7000`)).rowCount, 1);
    assert.equal(
      (await admin.query(`SELECT FROM agent_quota.scope WHERE set_limits->>'tokensPerMinute' = '500'`)).rowCount,
      1,
    );
    assert.equal((await admin.query(`SELECT agent_quota.hello()`)).rowCount, 1);
  });

  it('is left at the step before one that fails', async () => {
    await installSchema(admin);
    await admin.query(`
      DROP TABLE agent_quota.shown, agent_quota.usage;
      ALTER TABLE agent_quota.part DROP COLUMN presumed;
      ALTER TABLE agent_quota.lease DROP COLUMN expected;
      UPDATE agent_quota.schema_version SET version = 1`);
    // The step adds a column that is there already.
    await assert.rejects(installSchema(admin), /delivered_through/);
    assert.equal(await version(), 1);
    assert.equal(
      (await admin.query(`SELECT FROM pg_tables WHERE schemaname = 'agent_quota' AND tablename = 'usage'`)).rowCount,
      0,
    );
    await admin.query('ALTER TABLE agent_quota.machine DROP COLUMN delivered_through');
    assert.equal((await installSchema(admin)).from, 1);
    assert.equal(await version(), schemaVersion);
  });

  it('is not touched where it is newer', async () => {
    await installSchema(admin);
    await admin.query('UPDATE agent_quota.schema_version SET version = 99');
    await admin.query('DROP FUNCTION agent_quota.hello()');
    await assert.rejects(installSchema(admin), (error: unknown) => {
      assert.ok(error instanceof SharedQuotaError && error.kind === 'refused');
      return /version 99.*Update Agent Quota/.test(error.message);
    });
    await assert.rejects(admin.query('SELECT agent_quota.hello()'), /does not exist/);
  });

  it('is for the role that is named, and later for another', async () => {
    const database = await SharedDatabase.make();
    try {
      await database.admin.query('DROP ROLE IF EXISTS "Team ""A"""');
      assert.equal((await installSchema(database.admin, 'Team "A"')).madeMembers, true);
      await database.addMember('alone', 'Team "A"');
      await database.stopClock(Date.UTC(2026, 4, 5, 12));
      await new FakeMachine(database.open('alone'), 'mine', { set: { slots: 1 } }).ask();
      await assert.rejects(database.open('member').machines('plan'), { kind: 'refused' });
      // It stays so where none is named.
      assert.equal((await installSchema(database.admin)).members, 'Team "A"');
    } finally {
      await database.admin
        .query('DROP OWNED BY "Team ""A"""; DROP ROLE "Team ""A"""; DROP ROLE alone')
        .catch(() => undefined);
      await database.close();
    }
  });

  it('answers nobody who speaks another protocol', async () => {
    await installSchema(admin);
    const ask = JSON.stringify({ machine: identity('m'), entries: [] });
    await assert.rejects(admin.query('SELECT agent_quota.deliver(2, $1)', [ask]), { code: 'AQ001' });
  });

  it('can be made by a role that is no superuser', async () => {
    await admin.query(`DROP ROLE IF EXISTS maker; CREATE ROLE maker LOGIN CREATEROLE PASSWORD 'maker'`);
    await admin.query(`GRANT CREATE ON DATABASE ${new URL(url).pathname.slice(1)} TO maker`);
    const { host, port, database } = addressOf(url);
    const maker = new pg.Client({ host, port, database, user: 'maker', password: 'maker' });
    await maker.connect();
    try {
      assert.equal((await installSchema(maker)).from, 0);
      assert.equal((await installSchema(maker)).from, schemaVersion);
      assert.equal((await maker.query('SELECT agent_quota.hello()')).rowCount, 1);
    } finally {
      await maker.end();
      await admin.query('DROP OWNED BY maker CASCADE; DROP ROLE maker');
    }
  });
});
