import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ImportProgress,
  type ImportSummary,
  importTranscripts,
} from '../../../src/transcripts/importTranscripts.ts';
import { openTranscriptDatabase } from '../../../src/transcripts/openTranscriptDatabase.ts';
import type { FileLook } from '../../../src/transcripts/transcriptFiles.ts';
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

  /** Looks at files, of which one or a folder cannot be looked at. */
  const without = (unseen: string, code: string): FileLook => {
    const seen = (path: string): string => {
      if (path === unseen) throw Object.assign(new Error(`${code}: it cannot be had`), { code });
      return path;
    };
    return {
      list: (path) => readdirSync(seen(path), { withFileTypes: true }),
      stat: (path) => statSync(seen(path), { bigint: true }),
    };
  };

  it('keeps what it knows of what cannot be looked at, and reads the rest', async () => {
    await importTranscripts(store, () => readers({}), options());
    const projects = join(directory.path, 'projects');
    const besides = join(projects, 'p2');
    mkdirSync(besides);
    writeFileSync(join(besides, 'a.jsonl'), `${transcriptLine({ messageId: 'a' })}\n`);
    const looked = (path: string, code: string): Promise<ImportSummary> =>
      importTranscripts(store, () => readers({}), { ...options(), look: without(path, code) });
    const file = await looked(join(projects, 'p', '1.jsonl'), 'EACCES');
    assert.deepEqual([file, requests()], [{ files: 7, read: 1, gone: 0, unreadable: 1 }, fileCount + 1]);
    const folder = await looked(join(projects, 'p'), 'EIO');
    assert.deepEqual([folder, requests()], [{ files: 2, read: 0, gone: 0, unreadable: 1 }, fileCount + 1]);
    const all = await looked(projects, 'EPERM');
    assert.deepEqual([all, requests()], [{ files: 1, read: 0, gone: 0, unreadable: 1 }, fileCount + 1]);
    rmSync(join(besides, 'a.jsonl'));
    const gone = await looked(join(projects, 'p', '1.jsonl'), 'ENOENT');
    assert.deepEqual([gone, requests()], [{ files: 5, read: 0, gone: 2, unreadable: 0 }, fileCount - 1]);
    const none = await looked(projects, 'ENOTDIR');
    assert.deepEqual([none, requests()], [{ files: 0, read: 0, gone: 5, unreadable: 0 }, 0]);
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
