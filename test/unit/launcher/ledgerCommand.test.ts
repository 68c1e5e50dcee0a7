import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { parseCommandLine } from '../../../src/launcher/commandLine.ts';
import { schemaVersion } from '../../../src/postgres/migrations.ts';
import { ledgerAddressVariable } from '../../../src/shared/launcherVariables.ts';
import { systemClock } from '../../../src/processes/systemClock.ts';
import { openPostgresQuota } from '../../../src/postgres/postgresQuota.ts';
import { testCa } from '../../fakes/testCertificates.ts';
import { postgresServer } from '../../support/postgresServer.ts';
import { addressOf, SharedDatabase } from '../../support/sharedDatabase.ts';
import { silentLogger } from '../ledger/silentLogger.ts';
import { FakeMachine } from '../postgres/fakeMachine.ts';
import { failureSchema } from './documentSchemas.ts';
import { type LauncherEnd, startLauncher } from './startedLauncher.ts';

describe('agent-quota ledger', function () {
  this.timeout(120_000);
  let url: string;
  let home: string;

  before(async () => {
    url = await (await postgresServer()).createDatabase();
    home = await mkdtemp(path.join(tmpdir(), 'ledger home '));
  });
  after(() => rm(home, { recursive: true }));

  const run = (args: string[], environment: Record<string, string> = {}): Promise<LauncherEnd> =>
    startLauncher(['ledger', ...args], undefined, {
      HOME: home,
      PGPASSFILE: path.join(home, 'none'),
      PGHOST: '',
      [ledgerAddressVariable]: url,
      ...environment,
    }).end;
  const json = async (args: string[], environment = {}): Promise<[number | null, Record<string, unknown>]> => {
    const { code, stdout, stderr } = await run([...args, '--json'], environment);
    assert.equal(stderr, '');
    return [code, JSON.parse(stdout) as Record<string, unknown>];
  };
  /** @returns the exit code and the code of the error; no password is in what is said. */
  const trouble = async (
    environment: Record<string, string>,
    args = ['check'],
  ): Promise<[number | null, string, string]> => {
    const [code, document] = await json(args, environment);
    const text = JSON.stringify(document);
    assert.ok(!/sesame|postgres:[0-9a-f]{24}/.test(text), text);
    const { error } = failureSchema.parse({
      version: document['version'],
      command: document['command'],
      ok: document['ok'],
      error: document['error'],
    });
    return [code, error.code, `${error.message} ${error.nextStep}`];
  };

  it('makes the ledger, checks it, shows and sets limits', async () => {
    assert.deepEqual((await trouble({})).slice(0, 2), [1, 'no-schema']);
    const made = await run(['init']);
    assert.deepEqual([made.code, made.stderr], [0, '']);
    assert.match(
      made.stdout,
      /^The shared ledger is made: version \d+, at postgres@127\.0\.0\.1:\d+\/test_\d+\.\n.*agent_quota_members.*\n {2}GRANT agent_quota_members TO somebody;\n/s,
    );
    const [code, again] = await json(['init']);
    assert.deepEqual(
      [code, again['versionBefore'], again['schemaVersion'], again['madeMembers']],
      [0, schemaVersion, schemaVersion, false],
    );
    const checked = await run(['check']);
    assert.deepEqual([checked.code, checked.stderr], [0, '']);
    assert.match(
      checked.stdout,
      /can be used\.\nPostgreSQL 18\S*, on this machine; schema version \d+; \d+ ms for a call; leases last 10 s\.\n$/,
    );
    const admin = new pg.Client({ connectionString: url });
    await admin.connect();
    await admin.query(
      `CREATE OR REPLACE FUNCTION agent_quota.hello() RETURNS jsonb LANGUAGE sql AS $$
         SELECT jsonb_build_object('clock', agent_quota.clock(), 'mayUse', true, 'leaseMs', 10000) $$`,
    );
    await admin.end();
    const outdated = await run(['check']);
    assert.match(
      outdated.stdout,
      /can be used\.\n.*\nIts functions have revision 0, .* run agent-quota ledger init\.\n$/,
    );
    assert.equal((await run(['init'])).code, 0);
    assert.equal((await run(['check'])).stdout.split('\n').length, checked.stdout.split('\n').length);
    assert.equal((await run(['limits'])).stdout, 'No machine has asked for a plan yet.\n');
    const limits = await run([
      'limits',
      'ApiKey-1',
      '--tokens-per-minute',
      '400000',
      '--slots',
      '20',
      '--lease-seconds',
      '20',
    ]);
    assert.equal(
      limits.stdout,
      'ApiKey-1: for agent_quota_members, 0 machines with a lease\n  tokensPerMinute: 400000, 400000 set; 0 used, 0 leased\n  slots: 20, 20 set; 0 used, 0 leased\n',
    );
    await json(['limits', 'ApiKey-1', '--slots', 'none']);
    await json(['limits', 'ApiKey-1', '--scope', 'agent/reviewer', '--requests-per-minute', '5']);
    const [, document] = await json(['limits', 'ApiKey-1']);
    const [plan] = document['plans'] as [
      { limits: { scopeId: string; dimension: string; limit: number; set: number }[] },
    ];
    assert.deepEqual(
      plan.limits.map(({ scopeId, dimension, limit, set }) => [scopeId, dimension, limit, set]),
      [
        ['ApiKey-1', 'tokensPerMinute', 400_000, 400_000],
        ['ApiKey-1/agent/reviewer', 'requestsPerMinute', 5, 5],
      ],
    );
    assert.equal(document['leaseSeconds'], 20);
    // They hold for machines.
    const quota = openPostgresQuota({ address: addressOf(url), clock: systemClock, logger: silentLogger });
    const dayKey = new Date().toISOString().slice(0, 10);
    const { limits: held } = await new FakeMachine(quota, 'm', { planId: 'ApiKey-1', dayKey }).ask();
    await quota.close();
    assert.deepEqual(held, { tokensPerMinute: 400_000 });
    assert.deepEqual((await trouble({}, ['limits', 'unknown'])).slice(0, 2), [1, 'no-plan']);
  });

  it('says what is wrong, and what to do', async () => {
    const at = (user: string, host = '127.0.0.1', rest = ''): Record<string, string> => ({
      [ledgerAddressVariable]: url.replace(/\/\/[^@]*@127\.0\.0\.1/, `//${user}@${host}`) + rest,
    });
    const expect = async (
      environment: Record<string, string>,
      code: number,
      name: string,
      why: RegExp,
    ): Promise<void> => {
      const [exit, found, text] = await trouble(environment);
      assert.deepEqual([exit, found], [code, name], text);
      assert.match(text, why);
    };
    await expect(
      { [ledgerAddressVariable]: '' },
      69,
      'no-address',
      /AGENT_QUOTA_LEDGER_URL.*addressCommand is run by windows alone/,
    );
    await expect({ [ledgerAddressVariable]: 'mysql://u:sesame@h/d' }, 1, 'bad-address', /postgres:\/\//);
    await expect(at('u:sesame', 'db.example', '?sslmode=disable'), 1, 'bad-address', /in the clear.*verify-full/);
    await expect(at('u:sesame'), 1, 'password', /password authentication failed/);
    await expect(
      { [ledgerAddressVariable]: 'postgres://u:sesame@127.0.0.1:1/d' },
      69,
      'unreachable',
      /ECONNREFUSED.*server runs/,
    );
    await expect(
      { [ledgerAddressVariable]: 'postgres://u:sesame@no.such.host.invalid/d' },
      69,
      'unreachable',
      /ENOTFOUND|EAI_AGAIN/,
    );
    await expect({ [ledgerAddressVariable]: url.replace(/test_\d+$/, 'nowhere') }, 1, 'no-database', /"nowhere"/);
    await expect(at('postgres'), 1, 'password', /~\/\.pgpass/);
    const open = path.join(home, 'open.pgpass');
    await writeFile(open, '*:*:*:*:sesame\n');
    await chmod(open, 0o644);
    if (process.platform !== 'win32')
      await expect({ ...at('postgres'), PGPASSFILE: open }, 1, 'password', /group or world access/);
    await expect({ [ledgerAddressVariable]: `${url}?sslmode=verify-full` }, 1, 'tls', /sslrootcert/);
    await expect(
      { [ledgerAddressVariable]: `${url}?sslmode=require&sslrootcert=/no/such/file` },
      1,
      'tls',
      /cannot be read/,
    );
  });

  it('connects with the certificates that are named, and the password file’s password', async () => {
    const [ca, pgpass] = [path.join(home, 'ca.pem'), path.join(home, 'pgpass')];
    await writeFile(ca, testCa);
    const { port, username, password, pathname } = new URL(url);
    await writeFile(pgpass, `elsewhere:*:*:*:wrong\n127.0.0.1:${port}:*:${username}:${password}\n`, { mode: 0o600 });
    const [code, document] = await json(['check'], {
      ...{
        [ledgerAddressVariable]: '',
        PGHOST: '127.0.0.1',
        PGPORT: port,
        PGUSER: username,
        PGDATABASE: pathname.slice(1),
      },
      ...{ PGPASSFILE: pgpass, PGSSLMODE: 'verify-full', PGSSLROOTCERT: ca },
    });
    assert.deepEqual([code, document['tls']], [0, true], JSON.stringify(document));
  });

  it('tells members, strangers, other versions and clocks apart', async () => {
    const database = await SharedDatabase.make(Date.now());
    try {
      const as = (login: string): Record<string, string> => {
        const { host, port, database: name } = database.superuser;
        return { [ledgerAddressVariable]: `postgres://${login}:${login}@${host}:${port}/${name}` };
      };
      await database.addMember('stranger', '');
      assert.equal((await json(['check'], as('member')))[0], 0);
      assert.deepEqual((await trouble(as('stranger'))).slice(0, 2), [1, 'no-rights']);
      assert.match((await trouble(as('member'), ['limits']))[2], /Connect as the role that made the ledger/);
      assert.equal((await trouble(as('member'), ['limits', 'p', '--slots', '9']))[1], 'no-rights');
      assert.match((await trouble(as('stranger'), ['init']))[2], /may create schemas/);
      // A team of its own can use its plan, and no other.
      await database.admin.query(`DROP ROLE IF EXISTS team_b; CREATE ROLE team_b NOLOGIN`);
      await database.addMember('b', 'team_b');
      const owner = { [ledgerAddressVariable]: `${url.slice(0, url.lastIndexOf('/'))}/${database.superuser.database}` };
      assert.equal((await json(['limits', 'theirs', '--role', 'team_b', '--slots', '2'], owner))[0], 0);
      assert.equal((await json(['check'], as('b')))[0], 0);
      assert.deepEqual(await database.open('b').machines('theirs'), []);
      await assert.rejects(database.open('b').machines('ours'), { kind: 'refused' });
      await assert.rejects(database.open('member').machines('theirs'), { kind: 'refused' });
      assert.match(
        (await trouble(owner, ['limits', 'theirs', '--role', 'nobody_there']))[2],
        /"nobody_there" does not exist/,
      );
      await database.setClock(Date.now() - 3_600_000);
      const [, found, text] = await trouble(as('member'));
      assert.equal(found, 'clock');
      assert.match(text, /60 minutes ahead of the database/);
      await database.setClock(Date.now());
      await database.admin.query('UPDATE agent_quota.schema_version SET version = 1');
      assert.equal((await trouble(as('member')))[1], 'older-schema');
      await database.admin.query('UPDATE agent_quota.schema_version SET version = 99');
      assert.equal((await trouble(as('member')))[1], 'newer-schema');
    } finally {
      await database.close();
    }
  });

  it('understands what is to be done, and nothing else', () => {
    const parsed = (...args: string[]): unknown => parseCommandLine(['ledger', ...args]);
    assert.deepEqual(parsed('init', '--members', 'us', '--json'), {
      kind: 'ledger',
      wish: { action: 'init', members: 'us' },
      json: true,
    });
    assert.deepEqual(parsed('--help'), { kind: 'help', command: 'ledger' });
    const wrong = [
      [],
      ['drop'],
      ['init', 'now'],
      ['check', '--slots', '1'],
      ['limits', '--slots', '1'],
      ['limits', 'p', 'q'],
      ['limits', 'p', '--slots', '0'],
      ['limits', 'p', '--slots', '1.5'],
      ['limits', 'p', '--scope', 'all', '--slots', '1'],
      ['limits', '--lease-seconds', '601'],
      ['init', '--wait', '1'],
      ['init', '--agent', 'a'],
    ];
    for (const args of wrong) assert.equal(parseCommandLine(['ledger', ...args]).kind, 'misuse', args.join(' '));
    assert.deepEqual(parsed('check', '--json', 'x'), {
      kind: 'misuse',
      problem: '"x" is one too many for ledger check.',
      nextStep: 'See agent-quota ledger --help.',
      json: true,
    });
  });
});
