// How fast transcripts are counted, beside ccusage's native program on the same files, in turns: `npm run bench:transcripts`,
// `-- --megabytes N` for other than 1,024, `-- --write` puts the table into bench/README.md. Ours is the thread that the extension starts, from its start to its answer, beside a
// ledger that has booked a tenth of the requests: first with nothing known, and then as at every later start of VS Code, with
// nothing new and with one turn more. ccusage reads everything every time. The last line is JSON; `firstImportRatioToCcusage` is ccusage's time by ours: 1 is as fast.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import * as z from 'zod';
import type { BookedTable } from '../src/core/bookedRequests.ts';
import { TranscriptHistory } from '../src/transcripts/transcriptHistory.ts';
import { ccusageBinary, ccusageReport } from '../test/e2e/ccusage.ts';
import { ccusagesCounts, importedStore, ourCounts } from '../test/e2e/transcriptCounts.ts';
import { machine } from './machine.ts';
import { markdownTable } from './markdownTable.ts';
import { writeReadmeSection } from './readmeSection.ts';
import { generateTranscripts } from './transcripts/generatedTranscripts.ts';

const { values } = parseArgs({
  options: { write: { type: 'boolean' }, megabytes: { type: 'string', default: '1024' } },
});
const megabytes = Number(values.megabytes);
if (!(megabytes >= 1)) throw new Error('--megabytes is a number of at least 1.');

const rounds = 5;
const meanings = {
  ccusage: 'ccusage, everything',
  first: 'first import',
  unchanged: 'later start, nothing new',
  oneTurn: 'later start, one turn more',
};
const timeZone = 'UTC';
const script = (name: string): string => path.join(import.meta.dirname, '..', 'dist', `${name}.cjs`);
const scripts = { thread: script('transcripts'), reader: script('transcriptReader') };
const folder = await mkdtemp(path.join(tmpdir(), 'aq transcripts '));
try {
  const home = path.join(folder, 'claude');
  const { append, files } = await generateTranscripts(home, megabytes * 1024 * 1024);
  const store = await importedStore(home, path.join(folder, 'parity.sqlite'));
  const parity = isDeepStrictEqual(ourCounts(store, timeZone), await ccusagesCounts(home, timeZone));
  store.close();
  const booked = bookedTenth(path.join(folder, 'parity.sqlite'), path.join(folder, 'ledger.sqlite'));
  await ccusageBinary();
  const took = { ccusage: [] as number[], first: [] as number[], unchanged: [] as number[], oneTurn: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    const storage = await mkdtemp(path.join(folder, 'storage '));
    const theirs = async (): Promise<void> => {
      const startedAt = performance.now();
      await ccusageReport(z.unknown(), 'daily', home, timeZone);
      took.ccusage.push(performance.now() - startedAt);
    };
    if (round % 2 === 0) await theirs();
    took.first.push(await counted(home, storage, booked));
    took.unchanged.push(await counted(home, storage, booked));
    await append();
    took.oneTurn.push(await counted(home, storage, booked));
    if (round % 2 === 1) await theirs();
  }
  const rows = Object.entries(took).map(([kind, times]): string[] => [
    meanings[kind as keyof typeof took],
    ...[Math.min(...times), median(times), Math.max(...times)].map((time) => `${Math.round(time)} ms`),
  ]);
  const table = markdownTable(['', 'best', 'median', 'worst'], rows);
  const report = `${megabytes} MB in ${files} files, ${rounds} rounds.\n\n${table}\n\n${machine()}`;
  console.log(report);
  if (values.write === true) writeReadmeSection('bench:transcripts', report);
  const ratios = took.first.map((ours, round) => (took.ccusage[round] ?? NaN) / ours);
  console.log(
    JSON.stringify({
      parity,
      firstImportRatioToCcusage: Math.round(median(ratios) * 100) / 100,
      laterStartMs: Math.round(median(took.unchanged)),
    }),
  );
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Starts the thread, brings it up to date and asks for all of it. @returns how long that took, in milliseconds. */
async function counted(home: string, storage: string, booked: BookedTable): Promise<number> {
  const startedAt = performance.now();
  const history = new TranscriptHistory(scripts, storage);
  try {
    const summary = await history.update({ configDirectories: [home] });
    if (summary === undefined || summary.unreadable > 0) throw new Error('Not all files could be read.');
    const parts = await history.usage({ from: 0, to: Date.now(), booked });
    if (parts.length === 0) throw new Error('Nothing was counted.');
    return performance.now() - startedAt;
  } finally {
    await history.close();
  }
}

/** A ledger's file that has every tenth request. */
function bookedTenth(store: string, ledger: string): BookedTable {
  const database = new DatabaseSync(ledger);
  database.exec('CREATE TABLE usage (usage_id INTEGER PRIMARY KEY, request_id TEXT UNIQUE)');
  database.prepare('ATTACH ? AS store').run(store);
  database.exec('INSERT INTO usage (request_id) SELECT DISTINCT request_id FROM store.entry WHERE line_at % 10 = 0');
  database.close();
  return { kind: 'table', path: ledger, table: 'usage', column: 'request_id', idColumn: 'usage_id' };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;
}
