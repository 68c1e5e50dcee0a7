/**
 * `npm run bench:waiting`: what Claude Code and the SDK do while a request of theirs is held, and upon the answers that may
 * end the wait, with nothing configured. `--write` puts the table into bench/README.md, `--only TEXT` takes the cases whose
 * title has it, `--seconds S` ends what takes longer.
 */
import { parseArgs } from 'node:util';
import { startSimulatedUpstream } from '../test/fakes/simulatedUpstream.ts';
import { claudeBinary } from '../test/host/claudeBinary.ts';
import { machine } from './machine.ts';
import { markdownTable } from './markdownTable.ts';
import { writeReadmeSection } from './readmeSection.ts';
import { type HeldRequest, type HoldingServer, startHoldingServer } from './waiting/holdingServer.ts';
import { type WaitingCase, waitingCases } from './waiting/waitingCases.ts';
import { ask } from './waiting/waitingClients.ts';
import { lastWords } from './waiting/lastWords.ts';

const { values } = parseArgs({
  options: { write: { type: 'boolean' }, only: { type: 'string' }, seconds: { type: 'string', default: '1200' } },
});
const cases = waitingCases.filter(({ title, client }) => `${client} ${title}`.includes(values.only ?? ''));

interface Seen {
  readonly case: WaitingCase;
  readonly requests: readonly HeldRequest[];
  readonly seconds: number;
  readonly how: 'answered' | 'failed' | 'ended by us';
  readonly says: string;
}

// Once, before they all begin: it may have to be installed.
await claudeBinary();
const upstream = await startSimulatedUpstream();
const server = await startHoldingServer(upstream.url);
try {
  const seen = await Promise.all(cases.map((each) => see(server, each)));
  const table = markdownTable(
    ['client', 'what it is given', 'asked at (s)', 'gave up after (s)', 'end', 'says'],
    seen.map(({ case: { client, title }, requests, seconds, how, says }) => [
      client,
      title,
      requests.map(({ at }) => whole(at)).join(', '),
      [
        ...new Set(requests.flatMap(({ at, givenUpAt }) => (givenUpAt === undefined ? [] : whole(givenUpAt - at)))),
      ].join(', '),
      how === 'ended by us' ? '' : `${how} after ${seconds.toFixed(0)} s`,
      lastWords(says, how === 'failed'),
    ]),
  );
  const report = `${table}\n\n${machine()}`;
  console.log(report);
  if (values.write === true) writeReadmeSection('bench:waiting', report);
  console.log(JSON.stringify(Object.fromEntries(seen.map(summary))));
} finally {
  await server.close();
  await upstream.close();
}

async function see(holding: HoldingServer, waitingCase: WaitingCase): Promise<Seen> {
  const held = holding.begin(waitingCase.given);
  const enough = new AbortController();
  const timer = setTimeout(
    () => {
      enough.abort();
    },
    Number(values.seconds) * 1000,
  );
  if (waitingCase.enough !== undefined)
    void held.reached(waitingCase.enough).then(() => {
      enough.abort();
    });
  const { answered, says } = await ask(waitingCase.client, held.baseUrl, enough.signal);
  clearTimeout(timer);
  const how = answered ? 'answered' : enough.signal.aborted ? 'ended by us' : 'failed';
  // What we have ended has not given up its last request.
  const requests = how === 'ended by us' ? held.requests.slice(0, -1) : held.requests;
  const last = held.requests.at(-1);
  return {
    case: waitingCase,
    requests: last === undefined || how !== 'ended by us' ? requests : [...requests, { at: last.at }],
    seconds: held.elapsed() / 1000,
    how,
    says,
  };
}

function summary({ case: { client, title }, requests, seconds, how }: Seen): [string, unknown] {
  return [`${client}: ${title}`, { requests: requests.length, seconds: Math.round(seconds), how }];
}

function whole(ms: number): string {
  return (ms / 1000).toFixed(0);
}
