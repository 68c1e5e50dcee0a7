import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
    const split = totalsBy(await history.usage({ booked: new Set(['req-b', 'req-c']) }), ({ isBooked }) => isBooked);
    assert.deepEqual([split.get(true)?.requests, split.get(false)?.requests], [1, 1]);
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
