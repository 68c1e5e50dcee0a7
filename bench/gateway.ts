/**
 * `npm run bench:gateway`: what our gateway costs a request, beside a bare pipe, which is the least that a proxy on Node
 * can cost, and beside others. `--write` puts the tables into bench/README.md, `--only a,b` takes some of the forwarders
 * (gateway/forwarders.ts has their names), `--rounds N` measures more or less often, `--profile DIR` has our own leave
 * CPU profiles.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { endProcess, freePort, listening, reporting, startProcess } from './gateway/forwarderProcess.ts';
import { chosenForwarders, forwarders } from './gateway/forwarders.ts';
import { gatewayReport, gatewaySummary } from './gateway/gatewayReport.ts';
import { GatewayRounds, type Measurement } from './gateway/gatewayRounds.ts';
import { ensurePeersInstalled } from './gateway/peerPackages.ts';
import { machine } from './machine.ts';
import { writeReadmeSection } from './readmeSection.ts';

const { values } = parseArgs({
  options: {
    write: { type: 'boolean' },
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    profile: { type: 'string' },
  },
});
const names = chosenForwarders(values.only?.split(','));
if (names.some((name) => forwarders[name].isPeer)) await ensurePeersInstalled();

const program = (file: string): string => join(import.meta.dirname, 'gateway', file);
const port = await freePort();
const upstream = startProcess([...reporting, program('upstreamProcess.ts'), `${port}`], tmpdir());
const load = startProcess([program('loadProcess.ts')], tmpdir());
try {
  await listening(port, upstream);
  const measurements = await measure(new GatewayRounds(`http://127.0.0.1:${port}`, load), Number(values.rounds));
  const text = `${gatewayReport(measurements)}\n\n${machine()}`;
  console.log(text);
  if (values.write === true) writeReadmeSection('bench:gateway', text);
  console.log(JSON.stringify(gatewaySummary(measurements)));
} finally {
  await Promise.all([endProcess(load), endProcess(upstream)]);
}

async function measure(rounds: GatewayRounds, count: number): Promise<Measurement[]> {
  try {
    await rounds.start(names, values.profile);
    const found: Measurement[] = [];
    for (let round = 0; round < count; round += 1) found.push(...(await rounds.round(round)));
    await rounds.checkMetered();
    return found;
  } finally {
    await rounds.end();
  }
}
