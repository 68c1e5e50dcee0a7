import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { type ImportProgress } from '../../../src/transcripts/importTranscripts.ts';
import { transcriptFileName, TranscriptHistory } from '../../../src/transcripts/transcriptHistory.ts';
import { totalsBy } from '../../../src/transcripts/transcriptUsage.ts';
import { temporaryDirectory } from '../ledger/temporaryDirectory.ts';
import { transcriptLine } from './transcriptLine.ts';

const script = fileURLToPath(import.meta.resolve('../../../src/transcripts/transcriptThread.ts'));

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
    history = new TranscriptHistory(script, directory.path);
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

  it('tells what the ledger has booked from what was used elsewhere', async () => {
    write('b', 'req-b');
    await history.update(options());
    const ids = { kind: 'ids', ids: new Set(['req-b', 'req-c']) } as const;
    const split = totalsBy(await history.usage({ booked: ids }), ({ isBooked }) => isBooked);
    assert.deepEqual([split.get(true)?.requests, split.get(false)?.requests], [1, 1]);
  });

  it('finds what is booked in the ledger’s file, which it does not keep', async () => {
    write('b', 'req-b');
    await history.update(options());
    const path = join(directory.path, 'the ledger #1.sqlite');
    const ledger = new DatabaseSync(path);
    ledger.exec(
      "PRAGMA journal_mode = WAL; CREATE TABLE usage (request_id TEXT UNIQUE); INSERT INTO usage VALUES ('req-b')",
    );
    const split = async (): Promise<number[]> => {
      const booked = { kind: 'table', path, table: 'usage', column: 'request_id' } as const;
      const found = totalsBy(await history.usage({ booked }), ({ isBooked }) => isBooked);
      return [true, false].map((isBooked) => found.get(isBooked)?.requests ?? 0);
    };
    assert.deepEqual(await split(), [1, 1]);
    ledger.exec("INSERT INTO usage VALUES ('req-a')");
    assert.deepEqual(await split(), [2, 0]);
    ledger.exec('PRAGMA journal_mode = DELETE');
    assert.equal(ledger.prepare('PRAGMA journal_mode').get()?.['journal_mode'], 'delete', 'nobody else has it open');
    ledger.close();
    await assert.rejects(
      history.usage({ booked: { kind: 'table', path: `${path}x`, table: 'usage', column: 'request_id' } }),
    );
    assert.equal((await history.usage()).length, 1, 'and goes on after that');
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
    history = new TranscriptHistory(script, directory.path);
    assert.equal((await history.update(options()))?.read, 1);
  });

  it('gives up when it is told to', async () => {
    assert.equal(await history.update({ ...options(), signal: AbortSignal.abort() }), undefined);
    assert.equal((await history.update(options()))?.read, 1);
  });
});
