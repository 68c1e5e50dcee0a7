import { latenciesOf, type Latencies } from '../ledger/latencies.ts';
import { markdownTable } from '../markdownTable.ts';
import type { Sharing } from './machineMessages.ts';
import type { RunFigures, RunSize } from './machinesRun.ts';
import { delayMs, limitsFor } from './machinesScenario.ts';

/** What the benchmark is judged by. */
export interface MachinesSummary {
  readonly upstream429: number;
  readonly utilisation: number;
  readonly utilisationJumping: number;
  readonly jain: number;
  readonly jainWhileWaiting: number;
  readonly admitP99Ms: number;
  /** The same of a machine that has its processor for itself. */
  readonly admitAloneP99Ms: number;
  readonly databaseCallsPer1000: number;
}

export function machinesSummary(run: RunFigures, alone: Latencies): MachinesSummary {
  return {
    upstream429: run.upstream429,
    utilisation: rounded(run.steady.use),
    utilisationJumping: rounded(run.jumping.use),
    jain: rounded(run.steady.jain),
    jainWhileWaiting: rounded(run.steady.jainWhileWaiting),
    admitP99Ms: rounded(latenciesOf(run.admitMs).p99),
    admitAloneP99Ms: rounded(alone.p99),
    databaseCallsPer1000: Math.round(callsPer1000(run)),
  };
}

const names: Readonly<Record<Sharing, string>> = {
  leased: 'Agent Quota',
  fixedWindow: 'rate-limiter-flexible',
  staticShares: 'equal static shares',
};

const head = [
  'contestant',
  'upstream 429s',
  'use of the limit',
  'jumping demand',
  'Jain',
  'while waiting',
  'wait p50',
  'wait p95',
  'requests',
  'database calls per 1,000',
] as const;

/** @param load of the machine while it was measured. */
export function machinesReport(runs: ReadonlyMap<Sharing, RunFigures>, size: RunSize, load: string): string {
  const { machines, agents, seconds } = size;
  const { requestsPerMinute, tokensPerMinute } = limitsFor(machines * agents);
  const rows = [...runs].map(([sharing, run]) => [
    names[sharing],
    run.upstream429.toLocaleString('en-US'),
    run.steady.use.toFixed(3),
    run.jumping.use.toFixed(3),
    run.steady.jain.toFixed(3),
    run.steady.jainWhileWaiting.toFixed(3),
    `${run.steady.waitP50Seconds.toFixed(1)} s`,
    `${run.steady.waitP95Seconds.toFixed(1)} s`,
    run.requests.toLocaleString('en-US'),
    Math.round(callsPer1000(run)).toLocaleString('en-US'),
  ]);
  const leased = runs.get('leased');
  return [
    `${machines} machines with ${agents} agents each, ${seconds} s of steady demand and ${seconds} s of demand that jumps, at ` +
      `${requestsPerMinute.toLocaleString('en-US')} requests and ${tokensPerMinute.toLocaleString('en-US')} tokens a minute; ` +
      `the database ${delayMs} ms away each way. ${load}`,
    markdownTable(head, rows),
    ...(leased === undefined ? [] : [ownPart(leased)]),
  ].join('\n\n');
}

function ownPart({ admitMs, usage, calls, requests, kills }: RunFigures): string {
  const { count, p50, p99, worst } = latenciesOf(admitMs);
  const perThousand = Object.entries(calls)
    .map(([name, number]) => `${name} ${Math.round((number / requests) * 1000)}`)
    .join(', ');
  const record =
    usage === undefined
      ? ''
      : ` Of ${usage.counted.toLocaleString('en-US')} requests that the upstream counted, ${usage.lost} are lost and ` +
        `${usage.doubled} doubled in the database; ${usage.cutOff} more were under way on a machine when it was killed ` +
        `(${kills} times).`;
  return (
    `Agent Quota: admission from a lease takes ${p50.toFixed(2)} ms (p50), ${p99.toFixed(2)} ms (p99), ${worst.toFixed(1)} ms ` +
    `(worst of ${count.toLocaleString('en-US')}). Calls per 1,000 requests: ${perThousand}.${record}`
  );
}

function callsPer1000({ calls, requests }: RunFigures): number {
  const sum = Object.values(calls).reduce((total, count) => total + count, 0);
  return requests === 0 ? 0 : (sum / requests) * 1000;
}

function rounded(value: number): number {
  return Number(value.toFixed(3));
}
