/**
 * `npm run bench:busyhost`: what an agent's stream notices of another extension that keeps the extension host's thread
 * busy, with the engine in its worker and without one. `--write` puts the table into bench/README.md. Needs
 * `npm run build` first.
 */
import { parseArgs } from 'node:util';
import { startSimulatedUpstreamProcess } from '../test/fakes/simulatedUpstreamProcess.ts';
import { type EnginePlace, streamThroughHost } from './busyHost/busyHostRound.ts';
import { median } from './ledger/latencies.ts';
import { machine } from './machine.ts';
import { markdownTable } from './markdownTable.ts';
import { writeReadmeSection } from './readmeSection.ts';

const { values } = parseArgs({ options: { write: { type: 'boolean' }, rounds: { type: 'string', default: '7' } } });
const rounds = Number(values.rounds);
const betweenEventsMs = 20;
const blockMs = 2000;

interface Case {
  readonly name: string;
  readonly place: EnginePlace;
  readonly blockMs: number;
}
const cases: readonly Case[] = [
  { name: 'in a worker, host idle', place: 'worker', blockMs: 0 },
  { name: 'in the host’s thread, host idle', place: 'window', blockMs: 0 },
  { name: 'in a worker, host busy', place: 'worker', blockMs },
  { name: 'in the host’s thread, host busy', place: 'window', blockMs },
];

const upstream = await startSimulatedUpstreamProcess({
  behaviour: { delays: { beforeHeadersMs: 0, betweenEventsMs }, deltaEvents: 150, outputTokens: 1000 },
});
try {
  const found = new Map<string, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, place, blockMs: busyMs } of cases) {
      const longest = await streamThroughHost(place, upstream.url, busyMs);
      found.set(name, [...(found.get(name) ?? []), longest]);
    }
  }
  const rows = [...found].map(([name, longest]) => [name, median(longest), Math.max(...longest)] as const);
  const table = markdownTable(
    ['engine', 'longest gap', 'worst of all rounds'],
    rows.map(([name, ...times]) => [name, ...times.map((ms) => `${ms.toFixed(1)} ms`)]),
  );
  const intro = `Medians of ${rounds} rounds. The upstream sends an event every ${betweenEventsMs} ms; a busy host does nothing else for ${blockMs} ms in the middle of the answer.`;
  const report = `${intro}\n\n${table}\n\n${machine()}`;
  console.log(report);
  if (values.write === true) writeReadmeSection('bench:busyhost', report);
  console.log(JSON.stringify(Object.fromEntries(rows.map(([name, longest]) => [name, Number(longest.toFixed(1))]))));
} finally {
  await upstream.close();
}
