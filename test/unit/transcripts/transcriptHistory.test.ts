import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import type { BookedTable } from '../../../src/core/bookedRequests.ts';
import type { ImportProgress } from '../../../src/transcripts/importTranscripts.ts';
import { transcriptFileName, TranscriptHistory } from '../../../src/transcripts/transcriptHistory.ts';
import { totalsBy, type UsageQuestion } from '../../../src/transcripts/transcriptUsage.ts';
import { temporaryDirectory } from '../ledger/temporaryDirectory.ts';
import { transcriptLine } from './transcriptLine.ts';

const script = (name: string): string => fileURLToPath(import.meta.resolve(`../../../src/transcripts/${name}.ts`));
const scripts = { thread: script('transcriptThread'), reader: script('transcriptReader') };

describe('the history of transcripts', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let history: TranscriptHistory;
  let transcript: string;

  beforeEach(() => {
    directory = temporaryDirectory();
    const project = join(directory.path, 'projects', '-home-user');
    mkdirSync(project, { recursive: true });
    transcript = join(project, 'session.jsonl');
    write('a', 'req-a');
    history = new TranscriptHistory(scripts, directory.path);
  });
  afterEach(async () => {
    await history.close();
    directory.remove();
  });

  function write(messageId: string, requestId: string): void {
    appendFileSync(transcript, `${transcriptLine({ messageId, requestId })}\n`);
  }

  const options = (): { configDirectories: string[] } => ({ configDirectories: [directory.path] });

  it('is read in a thread of its own, and reads no more than what is new', async () => {
    const told: ImportProgress[] = [];
    const progress = (state: ImportProgress): unknown => told.push(state);
    assert.deepEqual(await history.update({ ...options(), progress }), { files: 1, read: 1, gone: 0, unreadable: 0 });
    assert.equal(told.at(-1)?.filesRead, 1);
    assert.equal((await history.update(options()))?.read, 0);
    write('b', 'req-b');
    assert.equal((await history.update(options()))?.read, 1);
    assert.equal(totalsBy(await history.usage(), () => '').get('')?.requests, 2);
  });

  const requests = async (question?: UsageQuestion): Promise<number | undefined> =>
    totalsBy(await history.usage(question), () => '').get('')?.requests;

  it('leaves out what the ledger has booked', async () => {
    write('b', 'req-b');
    await history.update(options());
    assert.equal(await requests({ booked: { kind: 'ids', ids: new Set(['req-b', 'req-c']) } }), 1);
    assert.equal(await requests(), 2);
  });

  describe('beside a ledger’s file', () => {
    let booked: BookedTable;
    let ledger: DatabaseSync;

    beforeEach(async () => {
      write('b', 'req-b');
      await history.update(options());
      const path = join(directory.path, 'the ledger #1.sqlite');
      booked = { kind: 'table', path, table: 'usage', column: 'request_id', idColumn: 'usage_id' };
      ledger = new DatabaseSync(path);
      ledger.exec('PRAGMA journal_mode = WAL');
      begin();
      book('req-b');
    });
    afterEach(() => {
      ledger.close();
    });

    function begin(): void {
      ledger.exec(
        'DROP TABLE IF EXISTS usage; CREATE TABLE usage (usage_id INTEGER PRIMARY KEY, request_id TEXT UNIQUE)',
      );
    }

    function book(requestId: string | null): void {
      ledger.prepare('INSERT INTO usage (request_id) VALUES (?)').run(requestId);
    }

    it('leaves out what is booked there, also when it is booked later', async () => {
      assert.equal(await requests({ booked }), 1);
      book(null);
      book('req-a');
      assert.equal(await requests({ booked }), undefined);
      write('c', 'req-c');
      await history.update(options());
      assert.equal(await requests({ booked }), 1);
      book('req-c');
      assert.equal(await requests({ booked }), undefined);
    });

    it('leaves out what was booked before it was read', async () => {
      assert.equal(await requests({ booked }), 1);
      book('req-c');
      assert.equal(await requests({ booked }), 1);
      write('c', 'req-c');
      await history.update(options());
      assert.equal(await requests({ booked }), 1);
    });

    it('asks a ledger that was begun anew, and one in another place, for all that they have', async () => {
      assert.equal(await requests({ booked }), 1);
      begin();
      assert.equal(await requests({ booked }), 2);
      book('req-a');
      assert.equal(await requests({ booked }), 1);
      begin();
      for (const requestId of ['req-x', 'req-y', 'req-a', 'req-b']) book(requestId);
      assert.equal(await requests({ booked }), undefined);
      assert.equal(await requests(), 2, 'none is asked');
      assert.equal(await requests({ booked }), undefined);
    });

    it('goes on with what a ledger had booked that has dropped its oldest', async () => {
      book('req-x');
      assert.equal(await requests({ booked }), 1);
      ledger.exec("DELETE FROM usage WHERE request_id = 'req-b'");
      book('req-y');
      assert.equal(await requests({ booked }), 1);
    });

    it('does not keep it open', async () => {
      await requests({ booked });
      ledger.exec('PRAGMA journal_mode = DELETE');
      assert.equal(ledger.prepare('PRAGMA journal_mode').get()?.['journal_mode'], 'delete', 'nobody else has it open');
    });

    it('goes on after one that cannot be opened', async () => {
      await assert.rejects(history.usage({ booked: { ...booked, path: `${booked.path}x` } }));
      await assert.rejects(history.usage({ booked: { ...booked, table: 'none' } }), /no such table/);
      assert.equal(await requests({ booked }), 1);
      assert.equal(await requests(), 2);
    });
  });

  it('is of a time and in steps', async () => {
    const at = Date.parse('2026-01-15T12:00:30.000Z');
    for (const [index, minute] of [0, 1, 3].entries()) {
      const timestamp = new Date(at + minute * 60_000).toISOString();
      appendFileSync(transcript, `${transcriptLine({ messageId: `m${index}`, requestId: `r${index}`, timestamp })}\n`);
    }
    await history.update(options());
    const from = at + 30_000;
    const parts = await history.usage({ from, stepMs: 60_000 });
    assert.deepEqual(
      parts
        .filter((part) => part.at !== undefined && part.at < at + 3_600_000)
        .map((part) => ((part.at ?? 0) - from) / 60_000),
      [0, 2],
    );
  });

  it('is readable by its owner alone', async function () {
    if (process.platform === 'win32') return;
    await history.update(options());
    assert.equal(statSync(join(directory.path, transcriptFileName)).mode & 0o777, 0o600);
  });

  it('begins anew when what it kept is damaged', async () => {
    await history.update(options());
    await history.close();
    writeFileSync(
      join(directory.path, transcriptFileName),
      'this is no database, and longer than its header is '.repeat(9),
    );
    history = new TranscriptHistory(scripts, directory.path);
    assert.equal((await history.update(options()))?.read, 1);
  });

  /** Overwrites all of a file but its first page, so that it can be opened. */
  function damage(path: string): void {
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0x5a, 4096));
  }

  it('begins anew when what it kept is found damaged later', async () => {
    const damaged = async (): Promise<void> => {
      await history.update(options());
      await history.close();
      damage(join(directory.path, transcriptFileName));
      history = new TranscriptHistory(scripts, directory.path);
    };
    await damaged();
    assert.equal((await history.update(options()))?.read, 1);
    assert.equal(await requests(), 1);
    await damaged();
    assert.equal(await requests(), undefined, 'all is to be read again');
    assert.equal((await history.update(options()))?.read, 1);
    assert.equal(await requests(), 1);
  });

  it('keeps what it has where the ledger is damaged', async () => {
    await history.update(options());
    const path = join(directory.path, 'ledger.sqlite');
    const ledger = new DatabaseSync(path);
    ledger.exec('CREATE TABLE usage (usage_id INTEGER PRIMARY KEY, request_id TEXT UNIQUE)');
    ledger.close();
    damage(path);
    const booked: BookedTable = { kind: 'table', path, table: 'usage', column: 'request_id', idColumn: 'usage_id' };
    await assert.rejects(history.usage({ booked }), /malformed/);
    assert.equal(await requests(), 1);
    assert.equal((await history.update(options()))?.read, 0);
  });

  it('is opened once it can be', async () => {
    const path = join(directory.path, 'later');
    writeFileSync(path, '');
    await history.close();
    history = new TranscriptHistory(scripts, path);
    await assert.rejects(history.update(options()));
    rmSync(path);
    assert.equal((await history.update(options()))?.read, 1);
  });

  it('gives up when it is told to', async () => {
    assert.equal(await history.update({ ...options(), signal: AbortSignal.abort() }), undefined);
    assert.equal((await history.update(options()))?.read, 1);
  });
});
