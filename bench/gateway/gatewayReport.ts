import { markdownTable } from '../markdownTable.ts';
import { forwarderNames, forwarders, type ForwarderName } from './forwarders.ts';
import { figuresOf, type LoadFigures } from './gatewayFigures.ts';
import { connectionCounts, type ConnectionCount, type Measurement } from './gatewayRounds.ts';

/** A forwarder as far as the benchmark is judged by it. Absent where it could not answer. */
export interface ForwarderSummary {
  readonly jsonRpsRatio16?: number;
  readonly cpuRatio16?: number;
  readonly addedP50Ms1?: number;
  readonly firstEventAddedMs1?: number;
}

/** What the benchmark is judged by: our gateway with its ledger in SQLite, beside the others. */
export interface GatewaySummary extends ForwarderSummary {
  readonly memoryLedger?: ForwarderSummary;
  readonly pipe?: ForwarderSummary;
  readonly peers: Readonly<Partial<Record<ForwarderName, ForwarderSummary>>>;
}

export function gatewaySummary(measurements: readonly Measurement[]): GatewaySummary {
  const names = measuredNames(measurements);
  const of = (name: ForwarderName): ForwarderSummary => summaryOf(measurements, name);
  const peers = names.filter((name) => forwarders[name].isPeer);
  return {
    ...of('gateway'),
    ...(names.includes('gatewayInMemory') && { memoryLedger: of('gatewayInMemory') }),
    pipe: of('pipe'),
    peers: Object.fromEntries(peers.map((name) => [name, of(name)])),
  };
}

function summaryOf(measurements: readonly Measurement[], name: ForwarderName): ForwarderSummary {
  const json16 = figuresOf(measurements, name, 'json', 16);
  const json1 = figuresOf(measurements, name, 'json', 1);
  const sse1 = figuresOf(measurements, name, 'sse', 1);
  return {
    ...(json16 && { jsonRpsRatio16: rounded(json16.requestsRatio), cpuRatio16: rounded(json16.cpuRatio) }),
    ...(json1 && { addedP50Ms1: rounded(json1.addedP50) }),
    ...(sse1 && { firstEventAddedMs1: rounded(sse1.addedFirst) }),
  };
}

/** In the order of the tables. */
function measuredNames(measurements: readonly Measurement[]): ForwarderName[] {
  const measured = new Set(measurements.map(({ name }) => name));
  return forwarderNames.filter((name) => measured.has(name));
}

const head = [
  'forwarder',
  'JSON req/s',
  '× pipe',
  'CPU ms',
  '× pipe',
  'added p50',
  'added p99',
  'SSE req/s',
  '× pipe',
  'CPU ms',
  '× pipe',
  'first event added',
  'small req/s',
  '× pipe',
  'memory',
] as const;

export function gatewayReport(measurements: readonly Measurement[]): string {
  const rounds = new Set(measurements.map(({ round }) => round)).size;
  const names = measuredNames(measurements);
  return [
    `Medians of ${rounds} rounds.`,
    ...connectionCounts.flatMap((connections) => [
      `### ${connections} ${connections === 1 ? 'connection' : 'connections'}`,
      markdownTable(
        head,
        names.map((name) => [forwarders[name].title, ...cells(measurements, name, connections)]),
      ),
    ]),
  ].join('\n\n');
}

function cells(measurements: readonly Measurement[], name: ForwarderName, connections: ConnectionCount): string[] {
  const isDirect = name === 'direct';
  const [json, sse, small] = (['json', 'sse', 'small'] as const).map((ask) =>
    figuresOf(measurements, name, ask, connections),
  );
  const cpu = (of: LoadFigures | undefined): string[] =>
    isDirect ? ['', ''] : [of?.cpuMs.toFixed(3) ?? 'fails', of?.cpuRatio.toFixed(2) ?? ''];
  return [
    ...throughput(json),
    ...cpu(json),
    isDirect ? '' : added(json?.addedP50),
    isDirect ? '' : added(json?.addedP99),
    ...throughput(sse),
    ...cpu(sse),
    isDirect ? '' : added(sse?.addedFirst),
    ...throughput(small),
    isDirect ? '' : `${Math.round((json?.residentBytes ?? 0) / 2 ** 20)} MB`,
  ];
}

function throughput(of: LoadFigures | undefined): string[] {
  if (of === undefined) return ['fails', ''];
  return [Math.round(of.requestsPerSecond).toLocaleString('en-US'), of.requestsRatio.toFixed(2)];
}

function added(ms: number | undefined): string {
  return ms === undefined ? 'fails' : `${ms.toFixed(2)} ms`;
}

function rounded(value: number): number {
  return Number(value.toFixed(3));
}
