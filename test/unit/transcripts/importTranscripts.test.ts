import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ImportProgress, importTranscripts } from '../../../src/transcripts/importTranscripts.ts';
import { openTranscriptDatabase } from '../../../src/transcripts/openTranscriptDatabase.ts';
import { type TranscriptReaders, transcriptReaders } from '../../../src/transcripts/transcriptReaders.ts';
import { TranscriptStore } from '../../../src/transcripts/transcriptStore.ts';
import { usageParts } from '../../../src/transcripts/transcriptUsage.ts';
import { temporaryDirectory } from '../ledger/temporaryDirectory.ts';
import { transcriptLine } from './transcriptLine.ts';

const reader = fileURLToPath(import.meta.resolve('../../../src/transcripts/transcriptReader.ts'));
const fileCount = 6;

describe('the reading of all transcripts', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let store: TranscriptStore;
  let closed: number;

  beforeEach(async () => {
    directory = temporaryDirectory();
    const project = join(directory.path, 'projects', 'p');
    mkdirSync(project, { recursive: true });
    for (let file = 0; file < fileCount; file += 1)
      writeFileSync(join(project, `${file}.jsonl`), `${transcriptLine({ messageId: `m${file}` })}\n`);
    store = new TranscriptStore(await openTranscriptDatabase(join(directory.path, 'transcripts.sqlite')));
    closed = 0;
  });
  afterEach(() => {
    store.close();
    directory.remove();
  });

  const requests = (): number => usageParts(store, {}).reduce((sum, part) => sum + part.requests, 0);
  const options = (): { configDirectories: string[] } => ({ configDirectories: [directory.path] });
  /** Readers of which something is different. */
  const readers = (change: Partial<TranscriptReaders>): TranscriptReaders => {
    const usual = transcriptReaders(reader, 0);
    return { ...usual, most: 2, ...change, close: () => Promise.resolve(void (closed += 1)) };
  };

  it('tells of each file that is read', async () => {
    const told: ImportProgress[] = [];
    await importTranscripts(store, () => readers({}), { ...options(), progress: (state) => told.push(state) });
    assert.deepEqual(
      told.map(({ filesRead }) => filesRead),
      [1, 2, 3, 4, 5, 6],
    );
    assert.equal(told.at(-1)?.bytesRead, told[0]?.bytes);
    assert.equal(closed, 1);
  });

  it('ends in the middle of a file when it is given up, and keeps what was read before', async () => {
    const usual = transcriptReaders(reader, 0);
    const stuck = readers({
      read: (path, before) => (path.endsWith('3.jsonl') ? new Promise(() => undefined) : usual.read(path, before)),
    });
    const giveUp = new AbortController();
    const progress = ({ filesRead }: ImportProgress): void => {
      if (filesRead === 3)
        setTimeout(() => {
          giveUp.abort();
        }, 20);
    };
    const given = importTranscripts(store, () => stuck, { ...options(), progress, signal: giveUp.signal });
    await assert.rejects(given, { name: 'AbortError' });
    assert.deepEqual([closed, requests()], [1, 3]);
    await importTranscripts(store, () => readers({}), options());
    assert.equal(requests(), fileCount);
  });

  it('reads a file again that another window has read meanwhile', async () => {
    const path = join(directory.path, 'projects', 'p', '2.jsonl');
    const usual = transcriptReaders(reader, 0);
    let isFirst = true;
    const slow = readers({
      read: async (file, before) => {
        const reading = await usual.read(file, before);
        if (file !== path || !isFirst) return reading;
        isFirst = false;
        // The other window finds more in it than this one has.
        appendFileSync(path, `${transcriptLine({ messageId: 'more' })}\n`);
        await importTranscripts(store, () => readers({}), options());
        return reading;
      },
    });
    await importTranscripts(store, () => slow, options());
    assert.equal(requests(), fileCount + 1);
    appendFileSync(path, `${transcriptLine({ messageId: 'last' })}\n`);
    await importTranscripts(store, () => readers({}), options());
    assert.equal(requests(), fileCount + 2);
  });

  it('fails with the reader, and nothing is lost', async () => {
    const broken = readers({ read: () => Promise.reject(new Error('It has ended.')) });
    await assert.rejects(
      importTranscripts(store, () => broken, options()),
      /It has ended/,
    );
    assert.deepEqual([closed, requests()], [1, 0]);
    const usual = transcriptReaders(reader, 0);
    const dying = readers({
      read: (path, before) =>
        path.endsWith('4.jsonl') ? Promise.reject(new Error('It died.')) : usual.read(path, before),
    });
    await assert.rejects(
      importTranscripts(store, () => dying, options()),
      /It died/,
    );
    assert.equal(requests(), 4, 'what was read before is kept');
    await importTranscripts(store, () => readers({}), options());
    assert.equal(requests(), fileCount);
  });
});
