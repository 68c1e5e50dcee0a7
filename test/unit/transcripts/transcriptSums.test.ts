import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import type { BookedTable } from '../../../src/core/bookedRequests.ts';
import { addUsage, noUsage } from '../../../src/core/usage.ts';
import { importTranscripts } from '../../../src/transcripts/importTranscripts.ts';
import { openTranscriptDatabase } from '../../../src/transcripts/openTranscriptDatabase.ts';
import { transcriptReaders } from '../../../src/transcripts/transcriptReaders.ts';
import { TranscriptStore } from '../../../src/transcripts/transcriptStore.ts';
import { quarterMs } from '../../../src/transcripts/transcriptSums.ts';
import { usageParts, type UsageQuestion } from '../../../src/transcripts/transcriptUsage.ts';
import { temporaryDirectory } from '../ledger/temporaryDirectory.ts';
import { transcriptLine } from './transcriptLine.ts';

const reader = fileURLToPath(import.meta.resolve('../../../src/transcripts/transcriptReader.ts'));
const firstAt = Date.UTC(2026, 0, 15, 23, 50);

type Step =
  | { readonly kind: 'append' | 'rewrite'; readonly file: number; readonly messages: readonly Message[] }
  | { readonly kind: 'remove'; readonly file: number }
  | { readonly kind: 'book'; readonly request: number }
  | { readonly kind: 'ask' };

interface Message {
  readonly id: number;
  readonly minute: number;
  readonly tokens: number;
}

const message = fc.record({ id: fc.nat(12), minute: fc.nat(90), tokens: fc.nat(500) });
const messages = fc.array(message, { minLength: 1, maxLength: 4 });
const file = fc.nat(3);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('append' as const), file, messages }),
  fc.record({ kind: fc.constant('rewrite' as const), file, messages }),
  fc.record({ kind: fc.constant('remove' as const), file }),
  fc.record({ kind: fc.constant('book' as const), request: fc.nat(12) }),
  fc.record({ kind: fc.constant('ask' as const) }),
);

describe('sums of transcripts', () => {
  let directory: ReturnType<typeof temporaryDirectory>;

  beforeEach(() => {
    directory = temporaryDirectory();
  });
  afterEach(() => {
    directory.remove();
  });

  const pathOf = (index: number): string => join(directory.path, 'projects', 'p', `${index}.jsonl`);

  function lines(written: readonly Message[]): string {
    return written
      .map(({ id, minute, tokens }) => {
        const timestamp = new Date(firstAt + minute * 60_000).toISOString();
        const usage = { input_tokens: 1, output_tokens: tokens };
        return `${transcriptLine({ messageId: `m${id}`, requestId: `r${id}`, timestamp, usage })}\n`;
      })
      .join('');
  }

  function beginFolder(): void {
    rmSync(join(directory.path, 'projects'), { recursive: true, force: true });
    mkdirSync(join(directory.path, 'projects', 'p'), { recursive: true });
  }

  async function newStore(): Promise<TranscriptStore> {
    return new TranscriptStore(await openTranscriptDatabase(join(directory.path, 'transcripts.sqlite')));
  }

  /** @param threads whether files are read by threads of their own. */
  async function bringUpToDate(store: TranscriptStore, threads = false): Promise<void> {
    const options = { configDirectories: [directory.path] };
    await importTranscripts(store, (bytes) => transcriptReaders(reader, threads ? Infinity : bytes), options);
  }

  function total(store: TranscriptStore, question: UsageQuestion): unknown {
    const parts = usageParts(store, question);
    return [
      parts.reduce((sum, { requests }) => sum + requests, 0),
      parts.map(({ usage }) => usage).reduce(addUsage, noUsage),
    ];
  }

  it('are the same from what is kept as when all entries are added up, whatever is written and booked', async () => {
    const path = join(directory.path, 'ledger.sqlite');
    const booked: BookedTable = { kind: 'table', path, table: 'usage', column: 'request_id', idColumn: 'usage_id' };
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 25 }),
        fc.nat(3 * quarterMs),
        fc.nat(6 * quarterMs),
        async (steps, after, length) => {
          beginFolder();
          for (const ending of ['transcripts.sqlite', 'ledger.sqlite'])
            rmSync(join(directory.path, ending), { force: true });
          const store = await newStore();
          const ledger = new DatabaseSync(path);
          ledger.exec('CREATE TABLE usage (usage_id INTEGER PRIMARY KEY, request_id TEXT UNIQUE)');
          const isSame = (): void => {
            const from = firstAt + after;
            const bounds = { booked, from, to: from + length };
            assert.deepEqual(total(store, bounds), total(store, { ...bounds, stepMs: 60_000 }));
            assert.deepEqual(total(store, { booked }), total(store, { booked, stepMs: 60_000 }));
          };
          try {
            for (const one of steps) {
              if (one.kind === 'append') appendFileSync(pathOf(one.file), lines(one.messages));
              if (one.kind === 'rewrite') writeFileSync(pathOf(one.file), lines(one.messages));
              if (one.kind === 'remove') rmSync(pathOf(one.file), { force: true });
              if (one.kind === 'book')
                ledger.prepare('INSERT OR IGNORE INTO usage (request_id) VALUES (?)').run(`r${one.request}`);
              if (one.kind !== 'ask') continue;
              await bringUpToDate(store);
              isSame();
            }
            await bringUpToDate(store);
            isSame();
          } finally {
            store.close();
            ledger.close();
          }
        },
      ),
      { numRuns: Number(process.env['FC_RUNS'] ?? 60) },
    );
  });

  it('have every file once when several threads and two windows read them', async () => {
    beginFolder();
    const files = 60;
    for (let index = 0; index < files; index += 1)
      writeFileSync(pathOf(index), lines([{ id: 1000 + index, minute: index, tokens: index }]));
    const stores = [await newStore(), await newStore()];
    try {
      await Promise.all(stores.map((store) => bringUpToDate(store, true)));
      for (const store of stores) assert.deepEqual((total(store, {}) as unknown[])[0], files);
      appendFileSync(pathOf(7), lines([{ id: 7, minute: 3, tokens: 3 }]));
      await Promise.all(stores.map((store) => bringUpToDate(store, true)));
      for (const store of stores) assert.deepEqual((total(store, {}) as unknown[])[0], files + 1);
    } finally {
      for (const store of stores) store.close();
    }
  });

  it('lack only what cannot be read', async () => {
    beginFolder();
    writeFileSync(pathOf(0), lines([{ id: 1, minute: 0, tokens: 1 }]));
    const store = await newStore();
    try {
      const gone = (): ReturnType<typeof transcriptReaders> => {
        rmSync(pathOf(0));
        return transcriptReaders(reader, Infinity);
      };
      const summary = await importTranscripts(store, gone, { configDirectories: [directory.path] });
      assert.deepEqual(summary, { files: 1, read: 1, gone: 0, unreadable: 1 });
      assert.deepEqual(usageParts(store, {}), []);
    } finally {
      store.close();
    }
  });
});
