/**
 * `npm run bench:machines`: machines that share one organisation's limits through PostgreSQL, each a process, with
 * faults, and with what people use today. `--machines`, `--agents` (of each), `--seconds` (of each part), `--without-faults`, `--only a,b`;
 * `--write` puts the table into bench/README.md.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { startPostgresServer } from '../test/support/postgresServer.ts';
import { latenciesOf, medianOf, type Latencies } from './ledger/latencies.ts';
import { machine } from './machine.ts';
import { bareWork, loneAdmission } from './machines/loneAdmission.ts';
import type { Sharing } from './machines/machineMessages.ts';
import { machinesReport, machinesSummary } from './machines/machinesReport.ts';
import { runSharing, type RunFigures } from './machines/machinesRun.ts';
import { delayMs } from './machines/machinesScenario.ts';
import { renewRate } from './machines/renewRate.ts';
import { writeReadmeSection } from './readmeSection.ts';

const { values } = parseArgs({
  options: {
    machines: { type: 'string', default: '20' },
    agents: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '120' },
    'without-faults': { type: 'boolean' },
    only: { type: 'string' },
    write: { type: 'boolean' },
  },
});
const size = {
  machines: Number(values.machines),
  agents: Number(values.agents),
  seconds: Number(values.seconds),
  hasFaults: values['without-faults'] !== true,
};
const all: readonly Sharing[] = ['leased', 'fixedWindow', 'staticShares'];
const chosen = all.filter((sharing) => values.only?.split(',').includes(sharing) ?? true);
const load = (): string => loadavg()[0]?.toFixed(1) ?? '';

const loads = [load()];
const server = await startPostgresServer();
const runs = new Map<Sharing, RunFigures>();
const rates: string[] = [];
let alone: readonly Latencies[];
let bare: Latencies;
try {
  for (const sharing of chosen) {
    runs.set(sharing, await runSharing(sharing, size, server));
    loads.push(load());
  }
  alone = (await loneAdmission(server, delayMs)).map(latenciesOf);
  bare = latenciesOf(await bareWork(medianOf(alone).p50));
  for (const plans of [1, 8]) {
    rates.push(
      `${Math.round(await renewRate(server, plans)).toLocaleString('en-US')} with ${plans === 1 ? 'one plan' : `${plans} plans`}`,
    );
  }
} finally {
  await server.stop();
}
const loadText = `Load of the machine (processes that run or want to) before and after each run: ${loads.join(', ')}.`;
const rateText = `Leases that this PostgreSQL renews in a second, with 24 machines that ask without pause: ${rates.join(', ')}.`;
const text = `${machinesReport(runs, size, loadText)}\n\n${aloneText()}\n\n${rateText}\n\n${machine()}`;
console.log(text);
if (values.write === true) writeReadmeSection('bench:machines', text);
const leased = runs.get('leased');
if (leased !== undefined) console.log(JSON.stringify(machinesSummary(leased, medianOf(alone))));

function aloneText(): string {
  const { p50, p99 } = medianOf(alone);
  const [median, slowest, ofBare] = [p50, p99, bare.p99].map((ms) => `${ms.toFixed(2)} ms`);
  return (
    'A machine with the processor for itself and room in its lease, some 500 requests a second: an admission takes ' +
    `${median} (p50), ${slowest} (p99), medians of ${alone.length} rounds. Hashing for as long as that p50 at the same pace, ` +
    `with no ledger and no database, takes ${ofBare} (p99) here.`
  );
}
