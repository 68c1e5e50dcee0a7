import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { RandomSource } from '../../../bench/quota/randomSource.ts';
import { startSimulatedUpstream, type SimulatedUpstream } from '../../fakes/simulatedUpstream.ts';
import type { ForcedFault } from '../../fakes/upstreamBehaviour.ts';
import { realKey } from '../runningEngine.ts';
import { doRequest, pickDoing, type Seen } from './soakAgent.ts';
import { readSoakLedger, reconcile } from './soakBooks.ts';
import type { SoakMeasure } from './soakFunctions.ts';
import { soak, soakAgentNames } from './soakPlan.ts';
import { startSoakProcess, type SoakProcess } from './soakProcess.ts';

const megabyte = 1024 * 1024;
/** What memory may differ by between two moments of the same load; in the long form a kilobyte a request is more. */
const toleratedHeapBytes = 4 * megabyte;
/** Answers on their way are here, up to half a megabyte for each slow reader. */
const toleratedExternalBytes = 16 * megabyte;
/** Three kilobytes a request are more in the long form; in the short one less than what the system gives and takes. */
const toleratedResidentBytes = 40 * megabyte;

describe('a soak: 200 agents with all kinds of traffic', function () {
  this.timeout(soak.durationMs + 180_000);
  let upstream: SimulatedUpstream;
  let soaked: SoakProcess;

  before(async () => {
    upstream = await startSimulatedUpstream({
      // Limits that nobody reaches, so that every answer has the headers that tell them.
      behaviour: { acceptedKeys: [realKey], limits: { requestsPerMinute: 100_000, tokensPerMinute: 100_000_000 } },
      maxLogEntries: 1_000_000,
    });
    soaked = await startSoakProcess(upstream.url);
  });
  after(async () => {
    await soaked.stop();
    await upstream.close();
  });

  it('loses no usage, and takes no more and more memory or descriptors', async () => {
    const { engine } = soaked;
    const atRest = await engine.measure();
    const endsAt = Date.now() + soak.durationMs;
    const seen: Seen[] = [];
    const agents = soakAgentNames.map((name) => runAgent(name, endsAt, seen));
    const faults = makeTrouble(endsAt);
    const measures = await measure(endsAt);
    await Promise.all([...agents, faults]);
    const restless = await until(
      () => engine.measure(),
      ({ waitingRequests, runningRequests, sessions }) => waitingRequests + runningRequests + sessions === 0,
    );

    const ledger = readSoakLedger(await engine.ledgerFile());
    const served = upstream.requests;
    const { whole, cut, bare, usage } = reconcile(served, seen, ledger);
    for (const by of ['byHour', 'byDay', 'bySession'] as const) {
      const { requests, ...sums } = ledger[by];
      assert.deepEqual(sums, usage, by);
      if (by !== 'bySession') assert.equal(requests, ledger.requests.size, by);
    }

    await upstream.close();
    const ended = await until(
      () => engine.measure(),
      ({ descriptors }) => descriptors <= atRest.descriptors + 3,
    );
    report(measures, seen, { whole, cut, bare, booked: ledger.requests.size, atRest, restless, ended });
    for (const doing of ['json', 'stream', 'slow reader', 'count_tokens'] as const) {
      assert.ok(
        seen.some((one) => one.doing === doing && one.status === 200 && one.whole),
        doing,
      );
    }
    assert.ok(cut > 0, 'answers were cut');
    for (const status of [429, 529])
      assert.ok(
        seen.some((one) => one.status === status),
        String(status),
      );
    assertLevel(measures, 'heapBytes', toleratedHeapBytes);
    assertLevel(measures, 'externalBytes', toleratedExternalBytes);
    assertLevel(measures, 'descriptors', 40);
    if (soak.isLong) assertLevel(measures, 'residentBytes', toleratedResidentBytes);
  });

  /** An agent's life: session after session, request after request. */
  async function runAgent(name: string, endsAt: number, seen: Seen[]): Promise<void> {
    const random = new RandomSource(name);
    const connections = new Agent({ keepAlive: true, maxSockets: 1 });
    await wait(random.between(0, soak.pauseMs * 2));
    while (Date.now() < endsAt) {
      const session = await soaked.engine.open(name);
      for (let count = 0; count < soak.requestsPerSession && Date.now() < endsAt; count += 1) {
        seen.push(await doRequest(session, pickDoing(random), connections, random));
        await wait(random.between(0, soak.pauseMs * 2));
      }
      await soaked.engine.release(session.sessionId);
    }
    connections.destroy();
  }

  /** Has the upstream fail in turn, and answer now briefly, now at length, now slowly. */
  async function makeTrouble(endsAt: number): Promise<void> {
    const random = new RandomSource('trouble');
    const pick = <T>(from: readonly [T, ...T[]]): T => from[Math.floor(random.between(0, from.length))] ?? from[0];
    for (let turn = 0; Date.now() < endsAt; turn += 1) {
      const { faults } = upstream.behaviour;
      const isHalfway = (turns: number): boolean => turn % turns === turns / 2;
      const isLongAnswer = isHalfway(soak.turnsBetweenLong);
      upstream.behave({
        faults: [
          ...faults,
          isHalfway(soak.turnsBetween429) ? { kind: 'status', status: 429, retryAfterSeconds: 1 } : pick(usualFaults),
        ],
        deltaEvents: isLongAnswer ? 3000 : pick([1, 3, 30, 100]),
        outputTokens: Math.ceil(random.between(1, 400)),
        messageDeltas: pick([1, 2, 3]),
        compression: pick(['identity', 'identity', 'gzip', 'br']),
        delays: { beforeHeadersMs: pick([0, 0, 50]), betweenEventsMs: isLongAnswer ? 0 : pick([0, 0, 5]) },
      });
      await wait(soak.turnMs);
    }
    upstream.behave({ faults: [] });
  }

  async function measure(endsAt: number): Promise<readonly SoakMeasure[]> {
    await wait(soak.warmUpMs);
    const measures: SoakMeasure[] = [];
    while (Date.now() < endsAt) {
      measures.push(await soaked.engine.measure());
      await wait(soak.measureEveryMs);
    }
    return measures;
  }
});

const usualFaults: readonly [ForcedFault, ...ForcedFault[]] = [
  { kind: 'status', status: 529 },
  { kind: 'status', status: 500 },
  { kind: 'cutBeforeHeaders' },
  { kind: 'cutMidStream' },
  { kind: 'cutMidStream', afterEvents: 1 },
  { kind: 'errorEvent' },
  { kind: 'slow', beforeHeadersMs: 1000 },
];

async function until<T>(ask: () => Promise<T>, condition: (found: T) => boolean): Promise<T> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const found = await ask();
    if (condition(found)) return found;
    if (Date.now() > deadline) throw new Error(`Waited in vain; last: ${JSON.stringify(found)}`);
    await wait(100);
  }
}

type Quantity = 'heapBytes' | 'externalBytes' | 'residentBytes' | 'descriptors';

/** The measured time's first third and its last, by their medians: one moment may catch a long answer. */
function assertLevel(measures: readonly SoakMeasure[], what: Quantity, tolerated: number): void {
  const [early, late] = thirds(measures, what);
  assert.ok(late - early <= tolerated, `${what}: ${early} in the first third, ${late} in the last`);
}

function thirds(measures: readonly SoakMeasure[], what: keyof SoakMeasure): [early: number, late: number] {
  const third = Math.floor(measures.length / 3);
  assert.ok(third >= 1, 'there are measures enough');
  const median = (part: readonly SoakMeasure[]): number =>
    part.map((measure) => measure[what]).sort((a, b) => a - b)[Math.floor(part.length / 2)] ?? 0;
  return [median(measures.slice(0, third)), median(measures.slice(-third))];
}

function report(
  measures: readonly SoakMeasure[],
  seen: readonly Seen[],
  more: Readonly<Record<'whole' | 'cut' | 'bare' | 'booked', number>> &
    Readonly<Record<'atRest' | 'restless' | 'ended', SoakMeasure>>,
): void {
  const inMegabytes = (bytes: number): string => (bytes / megabyte).toFixed(1);
  const statuses = Map.groupBy(seen, ({ status }) => status ?? 'none');
  const lines = [
    `${seen.length} requests: ${[...statuses].map(([status, { length }]) => `${length} × ${status}`).join(', ')}`,
    `${more.booked} booked; ${more.whole} whole and ${more.cut} cut answers compared, ${more.bare} without tokens`,
    ...(['heapBytes', 'externalBytes', 'residentBytes'] as const).map(
      (what) => `${what}: ${thirds(measures, what).map(inMegabytes).join(' → ')} MB`,
    ),
    `descriptors: ${more.atRest.descriptors} at rest, ${thirds(measures, 'descriptors').join(' → ')}, ${more.ended.descriptors} at the end`,
    `heap at rest: ${inMegabytes(more.atRest.heapBytes)} → ${inMegabytes(more.ended.heapBytes)} MB`,
    `most in line: ${Math.max(...measures.map(({ waitingRequests }) => waitingRequests))}`,
  ];
  for (const line of lines) console.log(`      ${line}`);
}
