import { markdownTable } from '../markdownTable.ts';
import { liveSessions, usageRows } from './filledLedger.ts';
import type { Latencies } from './latencies.ts';
import { pace, setupPace, type LedgerFigures, type LedgerMeasure } from './ledgerRounds.ts';

/** What the benchmark is judged by. */
export interface LedgerSummary {
  readonly decisionsPerSecond: number;
  readonly reserveSettleP99Ms1: number;
  readonly reserveSettleP99Ms4: number;
  readonly setupP99Ms: number;
}

export function ledgerSummary({ decisionsPerSecond, latencies }: LedgerFigures): LedgerSummary {
  return {
    decisionsPerSecond: Math.round(decisionsPerSecond),
    reserveSettleP99Ms1: rounded(latencies.pairs1.p99),
    reserveSettleP99Ms4: rounded(latencies.pairs4.p99),
    setupP99Ms: rounded(latencies.setups1.p99),
  };
}

const head = ['what', 'p50', 'p99', 'worst', 'p99 wanted', '× a bare map (p50)'] as const;

const names: Readonly<Record<LedgerMeasure, string>> = {
  pairs1: `reserve + settle, 1 process, ${pace}/s`,
  pairs4: `reserve + settle, 4 processes, ${pace}/s each`,
  pairsFlatOut: 'reserve + settle, 1 process, one after the other',
  exchanges1: `reserve, answered, observe, metered, settle, 1 process, ${pace}/s`,
  setups1: `setupClaudeAgentAuth, 1 process, ${setupPace}/s`,
};

const goals: Readonly<Partial<Record<LedgerMeasure, number>>> = { pairs1: 1, pairs4: 3, setups1: 2 };

/** @param bytes of the ledger's file. */
export function ledgerReport({ rounds, decisionsPerSecond, latencies, bare }: LedgerFigures, bytes: number): string {
  const rows = Object.entries(names).map(([name, title]) => {
    const measure = name as LedgerMeasure;
    const of = latencies[measure];
    const bareMs = (measure === 'setups1' ? bare.setup : bare.pair) / 1000;
    const goal = goals[measure];
    return [
      title,
      ...times(of),
      goal === undefined ? '' : `${goal} ms`,
      Math.round(of.p50 / bareMs).toLocaleString('en-US'),
    ];
  });
  return [
    `Medians of ${rounds} rounds on a file of ${Math.round(bytes / 2 ** 20)} MB with ${liveSessions} live sessions and ` +
      `${usageRows.toLocaleString('en-US')} usage rows.`,
    `Pure decisions: ${Math.round(decisionsPerSecond).toLocaleString('en-US')} requests admitted a second (wanted: 200,000). ` +
      `A bare map reserves and settles in ${bare.pair.toFixed(2)} µs.`,
    markdownTable(head, rows),
  ].join('\n\n');
}

function times({ p50, p99, worst }: Latencies): string[] {
  return [p50, p99, worst].map((ms) => `${ms.toFixed(2)} ms`);
}

function rounded(ms: number): number {
  return Number(ms.toFixed(3));
}
