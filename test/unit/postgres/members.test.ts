import assert from 'node:assert/strict';
import pg from 'pg';
import { SharedQuotaError } from '../../../src/core/sharedQuota.ts';
import { memberCalls } from '../../../src/postgres/schemaFunctions.ts';
import { SharedDatabase } from '../../support/sharedDatabase.ts';
import { amounts, FakeMachine, identity } from './fakeMachine.ts';

const set = { requestsPerMinute: 60, tokensPerMinute: 6000, slots: 3 };

/** Each table, with a column to write to. */
const tables = {
  schema_version: 'version',
  setting: 'lease_ms',
  plan: 'share',
  scope: 'paused_until',
  bucket: 'used',
  machine: 'delivered_through',
  lease: 'ends_at',
  part: 'granted',
  day_use: 'consumed',
  usage: 'input_tokens',
  shown: 'at',
};

describe('what a member of the shared ledger must not do', function () {
  this.timeout(60_000);
  let database: SharedDatabase;
  let member: pg.Client;

  before(async () => {
    database = await SharedDatabase.make();
    const quota = database.open();
    const machine = new FakeMachine(quota, 'mine', { set });
    await machine.ask({ tokensPerMinute: 100 });
    await quota.deliver({ machine: identity('mine'), entries: [entry(1)] });
    member = await database.connect();
  });
  after(() => database.close());

  const denied = async (sql: string, values: unknown[] = [], client = member): Promise<void> => {
    await assert.rejects(client.query(sql, values), (error: unknown) => {
      assert.ok(error instanceof pg.DatabaseError);
      assert.equal(error.code, '42501', `${sql}: ${error.message}`);
      return true;
    });
  };
  const refused = async (work: Promise<unknown>, why: RegExp): Promise<void> => {
    await assert.rejects(work, (error: unknown) => {
      assert.ok(error instanceof SharedQuotaError);
      assert.equal(error.kind, 'refused');
      assert.match(error.message, why);
      return true;
    });
  };

  it('has a case for every table', async () => {
    const { rows } = await database.admin.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'agent_quota'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')`,
    );
    assert.deepEqual(rows.map(({ name }) => name).sort(), Object.keys(tables).sort());
  });

  for (const [table, column] of Object.entries(tables)) {
    it(`read or write the table ${table}`, async () => {
      await denied(`SELECT * FROM agent_quota.${table}`);
      await denied(`SELECT count(*) FROM agent_quota.${table}`);
      await denied(`INSERT INTO agent_quota.${table} DEFAULT VALUES`);
      await denied(`UPDATE agent_quota.${table} SET ${column} = ${column}`);
      await denied(`DELETE FROM agent_quota.${table}`);
      await denied(`TRUNCATE agent_quota.${table}`);
      await denied(`DO $$ BEGIN LOCK TABLE agent_quota.${table}; END $$`);
      await denied(`ALTER TABLE agent_quota.${table} ADD COLUMN more integer`);
      await denied(`DROP TABLE agent_quota.${table}`);
      await denied(`COPY agent_quota.${table} TO STDOUT`);
      await denied(
        `CREATE TRIGGER mine BEFORE INSERT ON agent_quota.${table} EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
      );
    });
  }

  it('call any function but those for members', async () => {
    const { rows } = await database.admin.query<{
      name: string;
      signature: string;
      may: boolean;
      definer: boolean;
      path: string[] | null;
    }>(
      `SELECT proname AS name, oid::regprocedure::text AS signature, has_function_privilege('member', oid, 'EXECUTE') AS may,
         prosecdef AS definer, proconfig AS path
       FROM pg_proc WHERE pronamespace = 'agent_quota'::regnamespace`,
    );
    const may = rows.filter((row) => row.may);
    assert.deepEqual(may.map(({ name }) => name).sort(), [...memberCalls].sort());
    for (const { definer, path } of may) {
      assert.deepEqual([definer, path], [true, ['search_path=agent_quota, pg_temp']]);
    }
    assert.ok(rows.some(({ name, may: allowed }) => name === 'clock' && !allowed));
    await denied('SELECT agent_quota.clock()');
    await denied(`SELECT agent_quota.lock_plan('plan')`);
    await denied(`SELECT agent_quota.end_lease('plan', 'mine', 0)`);
  });

  it('make objects in the schema, or put others in the place of its own', async () => {
    await denied('CREATE TABLE agent_quota.mine ()');
    await denied(`CREATE FUNCTION agent_quota.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'`);
    await denied(
      `CREATE OR REPLACE FUNCTION agent_quota.clock() RETURNS double precision LANGUAGE sql AS 'SELECT 0::float8'`,
    );
    await denied('ALTER FUNCTION agent_quota.renew(integer, jsonb) SECURITY INVOKER');
    await denied('DROP FUNCTION agent_quota.clock()');
    await denied('DROP SCHEMA agent_quota CASCADE');
    await denied('ALTER SCHEMA agent_quota RENAME TO mine');
    // Granting what one has not oneself is but warned of.
    await member.query('GRANT CREATE ON SCHEMA agent_quota TO member');
    await denied('CREATE TABLE agent_quota.mine ()');
    await denied('SET ROLE agent_quota_owner');
    await denied('GRANT agent_quota_owner TO member');
  });

  it('have functions use objects of its own instead of the ledger’s', async () => {
    const client = await database.connect();
    await client.query(`
      CREATE TEMPORARY TABLE plan (plan_id text, members name, channel text, share float8, share_at float8, windows jsonb);
      CREATE TEMPORARY TABLE setting (is_only boolean, lease_ms float8, members name);
      INSERT INTO setting VALUES (true, 600000, 'member');
      CREATE FUNCTION pg_temp.clock() RETURNS float8 LANGUAGE sql AS 'SELECT 0::float8';
      SET search_path = pg_temp, agent_quota`);
    const { rows } = await client.query<{ hello: { clock: number; leaseMs: number } }>('SELECT agent_quota.hello()');
    assert.deepEqual(
      rows.map(({ hello }) => [hello.leaseMs, hello.clock]),
      [[10_000, Date.UTC(2026, 4, 5, 12)]],
    );
    assert.equal((await database.admin.query('SELECT FROM agent_quota.plan')).rowCount, 1);
  });

  it('raise limits that the owner has set', async () => {
    await database.admin.query(
      `INSERT INTO agent_quota.plan (plan_id) VALUES ('set');
       INSERT INTO agent_quota.scope (plan_id, scope_id, set_limits) VALUES ('set', 'set', '{"tokensPerMinute": 100, "slots": 1}');
       INSERT INTO agent_quota.bucket (plan_id, scope_id, dimension) SELECT 'set', 'set', unnest(agent_quota.dimensions())`,
    );
    const quota = database.open();
    const machine = new FakeMachine(quota, 'raising', { planId: 'set', set: { tokensPerMinute: 1e6, slots: 50 } });
    const dimension = 'tokensPerMinute';
    const report = {
      limits: [{ dimension, limit: 1e6, remaining: 1e6, resetsAt: undefined }],
      limited: false,
    } as const;
    await quota.observe('set', 'set', { ...report, retryAfterMs: undefined, model: undefined, windows: [] });
    const grant = await machine.ask({}, { tokensPerMinute: 1e6, slots: 50 });
    assert.deepEqual([grant.limits.tokensPerMinute, grant.limits.slots], [100, 1]);
    assert.deepEqual([grant.granted.tokensPerMinute, grant.granted.slots], [100, 1]);
    // Returning more than was granted, or using less than nothing, makes no room.
    machine.returned = amounts({ tokensPerMinute: 1e9 });
    machine.held = amounts({ tokensPerMinute: -1e9 });
    machine.consumed = amounts({ tokensPerMinute: -1e9 });
    const after = await machine.ask({ tokensPerMinute: 100 }, { tokensPerMinute: 1e6 });
    assert.ok(after.leased.tokensPerMinute + after.used.tokensPerMinute <= 100);
  });

  it('use a plan of another role, in any call', async () => {
    await database.addMember('stranger', '');
    await database.admin.query(
      `DROP ROLE IF EXISTS others; CREATE ROLE others NOLOGIN; INSERT INTO agent_quota.plan (plan_id, members) VALUES ('theirs', 'others')`,
    );
    const quota = database.open();
    const why = /the plan "theirs" is not for member/;
    await refused(new FakeMachine(quota, 'mine', { planId: 'theirs', set }).ask(), why);
    await refused(quota.machines('theirs'), why);
    await refused(quota.usage('theirs', 0, 1e15, 1e15, 'session'), why);
    await refused(quota.publish({ machine: identity('mine'), planId: 'theirs', body: '{}' }), why);
    await refused(
      quota.deliver({ machine: identity('mine'), entries: [entry(2), { ...entry(3), planId: 'theirs' }] }),
      why,
    );
    const report = { limits: [], retryAfterMs: 600_000, limited: true, model: undefined, windows: [] };
    await refused(quota.observe('theirs', 'theirs', report), why);
    await assert.rejects(member.query(`SELECT agent_quota.channel_of(1, 'theirs')`), why);
    await database.admin.query('GRANT others TO member');
    assert.deepEqual(await quota.machines('theirs'), []);
    await database.admin.query('REVOKE others FROM member; DROP ROLE others');
    // A role that is gone has no members.
    await refused(quota.machines('theirs'), why);
  });

  it('do anything without the members’ role', async () => {
    await database.addMember('stranger', '');
    const stranger = await database.connect('stranger');
    await denied('SELECT agent_quota.hello()', [], stranger);
    await denied(`SELECT agent_quota.renew(1, '{}')`, [], stranger);
    await refused(database.open('stranger').machines('plan'), /GRANT agent_quota_members TO "stranger"/);
  });

  it('speak for a machine of another login', async () => {
    await database.addMember('other');
    const quota = database.open('other');
    const why = /the machine "mine" is not other's/;
    await refused(new FakeMachine(quota, 'mine', { set }).ask(), why);
    await refused(quota.publish({ machine: identity('mine'), planId: 'plan', body: '{}' }), why);
    await refused(quota.deliver({ machine: identity('mine'), entries: [entry(9)] }), why);
    const { rows } = await database.admin.query('SELECT login, name FROM agent_quota.machine WHERE machine_id = $1', [
      'mine',
    ]);
    assert.deepEqual(rows, [{ login: 'member', name: 'mine.example' }]);
  });

  it('edit history: what is delivered stays as it is', async () => {
    const quota = database.open();
    const changed = { ...entry(1), agentId: 'nobody', usage: { ...entry(1).usage, inputTokens: 0 } };
    await quota.deliver({ machine: identity('mine'), entries: [changed] });
    await quota.deliver({ machine: identity('mine-too'), entries: [{ ...changed, position: 5 }] });
    const { rows } = await database.admin.query('SELECT agent_id, machine_id, input_tokens FROM agent_quota.usage');
    assert.deepEqual(rows, [{ agent_id: 'agent', machine_id: 'mine', input_tokens: '10' }]);
  });

  it('have names do anything but name', async () => {
    const quota = database.open();
    const evil = `x'); DROP TABLE agent_quota.usage; --"$$\\`;
    const machine = { machineId: evil, name: evil, user: `${evil}😀` };
    await quota.publish({ machine, planId: evil, body: evil });
    const seen = await quota.machines(evil);
    assert.deepEqual(
      seen.map(({ machine: shown, body }) => [shown, body]),
      [[machine, evil]],
    );
    const entries = [{ ...entry(1), planId: evil, sessionId: evil, agentId: evil, model: evil, requestId: evil }];
    assert.equal(await quota.deliver({ machine, entries }), 1);
    const [sum] = await quota.usage(evil, 0, 1e15, 1e15, 'session');
    assert.deepEqual([sum?.agentId, sum?.sessionId, sum?.model, sum?.machineId], [evil, evil, evil, evil]);
    const grant = await new FakeMachine(quota, evil, { planId: evil, scopeId: `${evil}/agent/${evil}`, set }).ask();
    assert.deepEqual(grant.limits, set);
    assert.equal((await database.admin.query('SELECT FROM agent_quota.usage')).rowCount, 2);
  });

  it('fill the ledger with more than it takes', async () => {
    const quota = database.open();
    const publish = (body: string, name = 'n'): Promise<void> =>
      quota.publish({ machine: { machineId: 'mine', name, user: 'u' }, planId: 'plan', body });
    await publish('x'.repeat(65_536));
    await refused(publish('x'.repeat(65_537)), /violates check constraint/);
    await refused(publish('', 'x'.repeat(201)), /violates check constraint/);
  });
});

function entry(position: number) {
  const usage = {
    inputTokens: 10,
    cacheCreation5mTokens: 0,
    cacheCreation1hTokens: 0,
    cacheReadTokens: 0,
    outputTokens: 1,
  };
  const who = { planId: 'plan', sessionId: 'session', agentId: 'agent', model: 'model' };
  return { position, at: 1000, requestId: `request-${position}`, usage, ...who };
}
