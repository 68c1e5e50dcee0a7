import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Problem } from '../../../src/core/credentials.ts';
import { ledgerFileName, openLedger } from '../../../src/ledger/openLedger.ts';
import { hasLog, isBusy, isDamaged, openSqliteDatabase, walIsSafe } from '../../../src/ledger/sqliteDatabase.ts';
import { migrations } from '../../../src/ledger/sqliteSchema.ts';
import { SqliteConnection } from '../../../src/ledger/sqliteConnection.ts';
import { LedgerTester, tokens } from './ledgerTester.ts';
import { schemaVersion } from '../../../src/ledger/sqliteSchema.ts';
import { silentLogger } from './silentLogger.ts';
import { temporaryDirectory } from './temporaryDirectory.ts';

describe('the ledger’s file', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let path = '';

  beforeEach(() => {
    directory = temporaryDirectory();
    path = join(directory.path, ledgerFileName);
  });
  afterEach(() => {
    directory.remove();
  });

  it('is the user’s alone, in a directory that is the user’s alone', async function () {
    if (process.platform === 'win32') this.skip();
    const inner = join(directory.path, 'global storage', 'agent quota');
    const { ledger } = await openLedger(inner, silentLogger);
    await new LedgerTester(ledger).opened('a');
    assert.equal(statSync(inner).mode & 0o777, 0o700);
    const names = readdirSync(inner);
    assert.ok(names.includes(`${ledgerFileName}-wal`), 'a write-ahead log is in use');
    for (const name of names) assert.equal(statSync(join(inner, name)).mode & 0o777, 0o600, name);
    await ledger.close();
  });

  it('is made the user’s alone when it was not', async function () {
    if (process.platform === 'win32') this.skip();
    writeFileSync(path, '', { mode: 0o644 });
    const { ledger } = await openLedger(directory.path, silentLogger);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    await ledger.close();
  });

  it('stays locked by this process when it is opened here again', async function () {
    if (process.platform !== 'linux') this.skip();
    const first = await openSqliteDatabase(path);
    const { ino } = statSync(path);
    const locks = (): string[] =>
      readFileSync('/proc/locks', 'utf8')
        .split('\n')
        .filter((line) => line.includes(` ${process.pid} `) && line.includes(`:${ino} `));
    if (!hasLog(first)) this.skip();
    assert.equal(locks().length, 1);
    const second = await openSqliteDatabase(path);
    assert.equal(locks().length, 1);
    second.close();
    assert.equal(locks().length, 1);
    first.close();
    assert.equal(locks().length, 0);
  });

  it('of a newer version is left as it is, and said so', async () => {
    const database = new DatabaseSync(path);
    database.exec('CREATE TABLE later (a); INSERT INTO later VALUES (1); PRAGMA user_version = 99');
    database.close();
    const before = readFileSync(path);
    const { ledger, kept } = await openLedger(directory.path, silentLogger);
    assert.ok(kept.kind === 'memory');
    assert.match(kept.reason, /newer version .* Update the extension/);
    await new LedgerTester(ledger).opened('a');
    await ledger.close();
    assert.ok(before.equals(readFileSync(path)));
    assert.deepEqual(readdirSync(directory.path), [ledgerFileName]);
  });

  it('of an older version is brought up to date, with all that is in it', async () => {
    const database = new DatabaseSync(path);
    database.exec(migrations[0] ?? '');
    database.exec(`PRAGMA user_version = 1;
      INSERT INTO usage (at, day, plan_id, session_id, agent_id, model, request_id, input_tokens,
        cache_creation_5m_tokens, cache_creation_1h_tokens, cache_read_tokens, output_tokens)
      VALUES (1, '2026-01-15', 'ApiKey', 's', 'a', 'claude', 'booked before', 1, 2, 3, 4, 5)`);
    database.close();
    const { ledger, kept } = await openLedger(directory.path, silentLogger);
    assert.equal(kept.kind, 'sqlite');
    const tester = new LedgerTester(ledger);
    const session = await tester.opened('a');
    assert.equal(await tester.book(session, tokens(9), 'booked before'), false);
    assert.equal(await tester.book(session, tokens(9), 'new'), true);
    await ledger.close();
    const after = new DatabaseSync(path);
    assert.deepEqual(
      after.prepare('PRAGMA user_version').get(),
      Object.assign(Object.create(null), { user_version: schemaVersion }),
    );
    assert.deepEqual(
      after
        .prepare('SELECT request_id, output_tokens FROM usage ORDER BY usage_id')
        .all()
        .map((row) => Object.values(row)),
      [
        ['booked before', 5],
        ['new', 0],
      ],
    );
    after.close();
  });

  it('is set aside when it is damaged, and a new one is begun', async () => {
    const rubbish = 'This is no database, and long enough to look like one. '.repeat(100);
    writeFileSync(path, rubbish);
    const found: Problem[] = [];
    const damage = { found: (problem: Problem) => found.push(problem), lost: () => assert.fail('it is not open') };
    const { ledger, kept } = await openLedger(directory.path, silentLogger, { damage });
    assert.deepEqual(kept, { kind: 'sqlite' });
    await new LedgerTester(ledger).opened('a');
    await ledger.close();
    const aside = readdirSync(directory.path).filter((name) => name.includes('.damaged-'));
    assert.equal(aside.length, 1);
    assert.equal(readFileSync(join(directory.path, aside[0] ?? ''), 'utf8'), rubbish);
    assert.deepEqual(
      found.map(({ code, severity }) => [code, severity]),
      [['ledger-damaged', 'warning']],
    );
    assert.ok(found[0]?.nextStep.includes(aside[0] ?? '?'), 'it says where the old one is');
  });

  it('that another window has set aside already is left alone, and so is the new one', async () => {
    const [found, lost]: [Problem[], string[]] = [[], []];
    const listener = (name: string) => ({
      damage: { found: (problem: Problem) => found.push(problem), lost: () => lost.push(name) },
    });
    const first = await openLedger(directory.path, silentLogger, listener('first'));
    const second = await openLedger(directory.path, silentLogger, listener('second'));
    const tester = new LedgerTester(second.ledger);
    await tester.opened('a');
    const database = new DatabaseSync(path);
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    database.close();
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.alloc(statSync(path).size, 0xa5), 0, undefined, 0);
    closeSync(file);
    const third = await openLedger(directory.path, silentLogger, listener('third'));
    await new LedgerTester(third.ledger).opened('b');
    const healthy = statSync(path).ino;
    for (const { ledger } of [first, second]) await assert.rejects(new LedgerTester(ledger).open('c'));
    assert.deepEqual(lost, ['first', 'second']);
    assert.equal(found.length, 1);
    assert.equal(statSync(path).ino, healthy);
    await third.ledger.close();
    for (const { ledger } of [first, second]) await ledger.close();
  });

  it('that cannot be opened leaves the ledger in memory, with the reason', async () => {
    mkdirSync(path);
    const { ledger, kept } = await openLedger(directory.path, silentLogger);
    assert.ok(kept.kind === 'memory');
    assert.match(kept.reason, /cannot be opened .* rights and space/);
    await new LedgerTester(ledger).opened('a');
    await ledger.close();
  });

  it('tells of others’ commits though the transaction that saw them first has failed', async () => {
    const { ledger } = await openLedger(directory.path, silentLogger);
    const connection = new SqliteConnection(new DatabaseSync(path));
    let told = 0;
    connection.onChange(() => {
      told += 1;
    });
    await new LedgerTester(ledger).opened('a');
    const fails = connection.transaction('read', () => {
      throw new Error('the body fails');
    });
    await assert.rejects(fails, /the body fails/);
    for (let look = 0; look < 100 && told === 0; look += 1) await sleep(20);
    assert.equal(told, 1);
    await connection.close();
    await ledger.close();
  });

  it('has a session at hand for a moment at most after another window has ended it, and is looked up at once', async () => {
    const [here, there] = await Promise.all([0, 1].map(() => openLedger(directory.path, silentLogger)));
    assert.ok(here !== undefined && there !== undefined);
    const sessionId = await new LedgerTester(here.ledger).opened('a');
    const state = async (): Promise<unknown> =>
      (await here.ledger.sessionOfTokenHash(`hash of ${sessionId}`, 'at-hand'))?.state;
    assert.equal(await state(), 'active');
    await there.ledger.endSession(sessionId, 'released', Date.now());
    for (let look = 0; look < 100 && (await state()) === 'active'; look += 1) await sleep(20);
    assert.equal(await state(), 'ended');
    const next = await new LedgerTester(here.ledger).opened('a');
    await there.ledger.endSession(next, 'released', Date.now());
    assert.equal((await here.ledger.sessionOfTokenHash(`hash of ${next}`))?.state, 'ended');
    await Promise.all([here, there].map(({ ledger }) => ledger.close()));
  });

  it('is not written by a transaction that throws', async () => {
    const { ledger } = await openLedger(directory.path, silentLogger);
    await ledger.close();
    const connection = new SqliteConnection(new DatabaseSync(path));
    let told = 0;
    connection.onChange(() => {
      told += 1;
    });
    const insert = (): void => {
      connection.run('INSERT INTO engine (engine_id, process) VALUES (?, ?)', ['e', '{"pid":1}']);
    };
    const count = (): unknown => connection.statement('SELECT count(*) AS n FROM engine').get()?.['n'];
    const fails = connection.transaction('write', () => {
      insert();
      throw new Error('the body fails');
    });
    await assert.rejects(fails, /the body fails/);
    assert.equal(await connection.transaction('read', count), 0);
    assert.equal(told, 0);
    const ended = connection.transaction('write', () => {
      insert();
      connection.statement('ROLLBACK').run();
      throw new Error('SQLite ended the transaction itself');
    });
    await assert.rejects(ended, /itself/);
    await connection.transaction('write', insert);
    assert.equal(await connection.transaction('read', count), 1);
    assert.equal(told, 1);
    await connection.close();
  });

  it('that is deleted while it is open does no harm', async () => {
    const { ledger } = await openLedger(directory.path, silentLogger);
    const tester = new LedgerTester(ledger);
    await tester.opened('a');
    directory.remove();
    assert.ok(!existsSync(path));
    await tester.view();
    await ledger.close();
  });

  it('has a write-ahead log only where SQLite is known to be safe with it', () => {
    assert.deepEqual(
      ['3.53.4', '3.51.3', '4.0.0', '3.52.0'].map((version) => walIsSafe(version)),
      [true, true, true, true],
    );
    assert.deepEqual(
      ['3.51.2', '3.50.9', '3.49.1', '2.9.9', undefined].map((version) => walIsSafe(version)),
      [false, false, false, false, false],
    );
  });

  it('tells by SQLite’s codes whether it is busy or damaged', () => {
    const failed = (errcode: unknown): Error => Object.assign(new Error('SQLite'), { errcode });
    assert.ok([5, 6, 261, 517].every((code) => isBusy(failed(code))));
    assert.ok([11, 26, 267].every((code) => isDamaged(failed(code))));
    assert.ok(![1, 5, 14, undefined].some((code) => isDamaged(failed(code))));
    assert.ok(!isBusy(new Error('locked')) && !isBusy('locked') && !isBusy(failed('5')));
  });
});
