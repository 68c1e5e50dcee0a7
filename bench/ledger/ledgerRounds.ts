import { bareMapMicroseconds } from './bareMap.ts';
import { decisionsPerSecond } from './decisions.ts';
import { latenciesOf, median, medianOf, type Latencies } from './latencies.ts';
import { runInProcesses } from './ledgerProcesses.ts';
import type { LedgerTask } from './ledgerTask.ts';

/** What was measured, medians of all rounds. */
export interface LedgerFigures {
  readonly rounds: number;
  readonly decisionsPerSecond: number;
  /** By the name that tables give it. */
  readonly latencies: Readonly<Record<LedgerMeasure, Latencies>>;
  /** Of the same in bare maps, in microseconds. */
  readonly bare: { readonly pair: number; readonly setup: number };
}

export type LedgerMeasure = 'pairs1' | 'pairs4' | 'pairsFlatOut' | 'exchanges1' | 'setups1';

/** Calls a second in each process, where they are paced. */
export const pace = 200;
export const setupPace = 100;

const measures: Readonly<
  Record<LedgerMeasure, { readonly processes: number; readonly task: Omit<LedgerTask, 'directory' | 'engineId'> }>
> = {
  pairs1: { processes: 1, task: { kind: 'reserveAndSettle', perSecond: pace, durationMs: 8000 } },
  pairs4: { processes: 4, task: { kind: 'reserveAndSettle', perSecond: pace, durationMs: 8000 } },
  pairsFlatOut: { processes: 1, task: { kind: 'reserveAndSettle', durationMs: 3000 } },
  exchanges1: { processes: 1, task: { kind: 'wholeExchange', perSecond: pace, durationMs: 5000 } },
  setups1: { processes: 1, task: { kind: 'setup', perSecond: setupPace, durationMs: 8000 } },
};

/** Measures everything in turn, so many times: what disturbs the machine for a while disturbs all alike. */
export async function measureRounds(directory: string, rounds: number): Promise<LedgerFigures> {
  const found = new Map<LedgerMeasure, Latencies[]>();
  const decisions: number[] = [];
  const bare: { pair: number; setup: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    decisions.push(decisionsPerSecond(1000));
    bare.push(bareMapMicroseconds(500));
    for (const [name, { processes, task }] of Object.entries(measures)) {
      const times = latenciesOf(await runInProcesses(processes, { ...task, directory }));
      const measure = name as LedgerMeasure;
      found.set(measure, [...(found.get(measure) ?? []), times]);
    }
  }
  const of = (measure: LedgerMeasure): Latencies => medianOf(found.get(measure) ?? []);
  return {
    rounds,
    decisionsPerSecond: median(decisions),
    latencies: {
      pairs1: of('pairs1'),
      pairs4: of('pairs4'),
      pairsFlatOut: of('pairsFlatOut'),
      exchanges1: of('exchanges1'),
      setups1: of('setups1'),
    },
    bare: { pair: median(bare.map(({ pair }) => pair)), setup: median(bare.map(({ setup }) => setup)) },
  };
}
