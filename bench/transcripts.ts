// How fast transcripts are counted, beside ccusage's native program on the same files, in turns: `npm run bench:transcripts`,
// `-- --megabytes N` for other than 1,024. Ours is the thread that the extension starts, from its start to its answer: first
// with nothing known, and then as at every later start of VS Code, with nothing new and with one turn more. ccusage reads
// everything every time. The last line is JSON; `firstImportRatioToCcusage` is ccusage's time by ours: 1 is as fast.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import * as z from 'zod';
import { TranscriptHistory } from '../src/transcripts/transcriptHistory.ts';
import { ccusageBinary, ccusageReport } from '../test/e2e/ccusage.ts';
import { ccusagesCounts, importedStore, ourCounts } from '../test/e2e/transcriptCounts.ts';
import { machine } from './machine.ts';
import { generateTranscripts } from './transcripts/generatedTranscripts.ts';

const { values } = parseArgs({ options: { megabytes: { type: 'string', default: '1024' } } });
const megabytes = Number(values.megabytes);
if (!(megabytes >= 1)) throw new Error('--megabytes is a number of at least 1.');

const rounds = 5;
const timeZone = 'UTC';
const thread = path.join(import.meta.dirname, '..', 'dist', 'transcripts.cjs');
const folder = await mkdtemp(path.join(tmpdir(), 'aq transcripts '));
try {
  const home = path.join(folder, 'claude');
  const { append, files } = await generateTranscripts(home, megabytes * 1024 * 1024);
  await ccusageBinary();
  const took = { ccusage: [] as number[], first: [] as number[], unchanged: [] as number[], oneTurn: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    const storage = await mkdtemp(path.join(folder, 'storage '));
    const theirs = async (): Promise<void> => {
      took.ccusage.push(await timed(() => ccusageReport(z.unknown(), 'daily', home, timeZone)));
    };
    if (round % 2 === 0) await theirs();
    took.first.push(await timed(() => countedBy(home, storage)));
    took.unchanged.push(await timed(() => countedBy(home, storage)));
    await append();
    took.oneTurn.push(await timed(() => countedBy(home, storage)));
    if (round % 2 === 1) await theirs();
  }
  const store = await importedStore(home, path.join(folder, 'parity.sqlite'));
  const parity = isDeepStrictEqual(ourCounts(store, timeZone), await ccusagesCounts(home, timeZone));
  store.close();
  console.log(machine());
  console.log(`${megabytes} MB in ${files} files; medians of ${rounds} rounds, in milliseconds:`);
  for (const [name, times] of Object.entries(took)) console.log(`  ${name}: ${Math.round(median(times))}`);
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

/** Starts the thread, brings it up to date and asks for all of it. */
async function countedBy(home: string, storage: string): Promise<void> {
  const history = new TranscriptHistory(thread, storage);
  try {
    const summary = await history.update({ configDirectories: [home] });
    if (summary === undefined || summary.unreadable > 0) throw new Error('Not all files could be read.');
    const parts = await history.usage({ from: 0, timeZone });
    if (parts.length === 0) throw new Error('Nothing was counted.');
  } finally {
    await history.close();
  }
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await run();
  return performance.now() - startedAt;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;
}
