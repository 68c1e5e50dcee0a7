/**
 * `npm run bench:ledger`: what the quota engine itself costs: pure decisions, and the ledger in SQLite with 500 live
 * sessions and a million usage rows. `--write` puts the table into bench/README.md.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fillLedger } from './ledger/filledLedger.ts';
import { ledgerReport, ledgerSummary } from './ledger/ledgerReport.ts';
import { measureRounds } from './ledger/ledgerRounds.ts';
import { machine } from './machine.ts';
import { writeReadmeSection } from './readmeSection.ts';

const { values } = parseArgs({ options: { write: { type: 'boolean' }, rounds: { type: 'string', default: '3' } } });
const directory = await mkdtemp(join(tmpdir(), 'agent quota bench '));
try {
  const bytes = await fillLedger(directory);
  const figures = await measureRounds(directory, Number(values.rounds));
  const text = `${ledgerReport(figures, bytes)}\n\n${machine()}`;
  console.log(text);
  if (values.write === true) writeReadmeSection('bench:ledger', text);
  console.log(JSON.stringify(ledgerSummary(figures)));
} finally {
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}
