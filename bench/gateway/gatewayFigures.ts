import { median } from '../ledger/latencies.ts';
import type { ForwarderName } from './forwarders.ts';
import type { AskName, ConnectionCount, Measurement } from './gatewayRounds.ts';

/** A forwarder under one load: medians of all rounds. Times in milliseconds, ratios to the bare pipe of the same round. */
export interface LoadFigures {
  readonly requestsPerSecond: number;
  readonly requestsRatio: number;
  readonly cpuMs: number;
  readonly cpuRatio: number;
  /** Over the direct way of the same round. */
  readonly addedP50: number;
  readonly addedP99: number;
  readonly addedFirst: number;
  readonly residentBytes: number;
}

/**
 * @param measurements of all rounds; the direct way's and the bare pipe's are among them.
 * @returns undefined when the forwarder was not measured so, or answered a request wrong.
 */
export function figuresOf(
  measurements: readonly Measurement[],
  name: ForwarderName,
  ask: AskName,
  connections: ConnectionCount,
): LoadFigures | undefined {
  const rounds = measurements.filter((each) => each.ask === ask && each.connections === connections);
  const of = (wanted: ForwarderName, round: number): Measurement | undefined =>
    rounds.find((each) => each.name === wanted && each.round === round);
  const all = rounds.flatMap((own) => {
    const [direct, pipe] = [of('direct', own.round), of('pipe', own.round)];
    return own.name !== name || direct === undefined || pipe === undefined ? [] : [ofRound(own, direct, pipe)];
  });
  if (all.length === 0 || rounds.some((each) => each.name === name && each.result.failed > 0)) return undefined;
  const middle = (figure: keyof LoadFigures): number => median(all.map((each) => each[figure]));
  return {
    requestsPerSecond: middle('requestsPerSecond'),
    requestsRatio: middle('requestsRatio'),
    cpuMs: middle('cpuMs'),
    cpuRatio: middle('cpuRatio'),
    addedP50: middle('addedP50'),
    addedP99: middle('addedP99'),
    addedFirst: middle('addedFirst'),
    residentBytes: middle('residentBytes'),
  };
}

function ofRound(own: Measurement, direct: Measurement, pipe: Measurement): LoadFigures {
  return {
    requestsPerSecond: perSecond(own),
    requestsRatio: perSecond(own) / perSecond(pipe),
    cpuMs: own.cpuMs / own.result.answered,
    cpuRatio: own.cpuMs / own.result.answered / (pipe.cpuMs / pipe.result.answered),
    addedP50: own.result.whole.p50 - direct.result.whole.p50,
    addedP99: own.result.whole.p99 - direct.result.whole.p99,
    addedFirst: own.result.first.p50 - direct.result.first.p50,
    residentBytes: own.residentBytes,
  };
}

function perSecond({ result }: Measurement): number {
  return (result.answered / result.elapsedMs) * 1000;
}
