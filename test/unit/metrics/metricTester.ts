import type { Metrics, MetricsOptions } from '../../../src/core/metrics.ts';
import { withRules } from '../../../src/core/priceRules.ts';
import { QuotaSignals } from '../../../src/core/quotaSignals.ts';
import { startMetrics } from '../../../src/metrics/startMetrics.ts';
import { tokens } from '../ledger/ledgerTester.ts';
import { sampleNow, sampleSession, sampleSnapshot } from '../vscode/samples.ts';

/** Metrics of an engine in which all has happened that is counted. */
export class MetricTester {
  readonly signals = new QuotaSignals();
  readonly pushes: (string | undefined)[] = [];
  readonly metrics: Metrics;
  snapshots = 0;

  constructor(options: Partial<MetricsOptions> = {}) {
    const projection = {
      perHour: 10,
      perHourRange: [5, 20] as const,
      reachedAt: sampleNow + 7_200_000,
      resetsAt: sampleNow + 3_600_000,
      outlook: 'unlikely',
      measuredMs: 1,
    } as const;
    this.metrics = startMetrics({
      source: {
        signals: this.signals,
        agentOf: (sessionId) => `agent "${sessionId}"\\`,
        snapshot: () => {
          this.snapshots += 1;
          const sessions = [
            sampleSession({ runningRequests: 2, waitingRequests: 1 }),
            sampleSession({ sessionId: 'b' }),
          ];
          return Promise.resolve(
            sampleSnapshot({ sessions, projections: [{ dimension: 'fiveHour', models: 'opus-5', ...projection }] }),
          );
        },
        prices: () => withRules([{ pattern: 'opus', input: 5, output: 25 }], undefined),
      },
      engineId: 'engine-1',
      otlp: undefined,
      pushEveryMs: 60_000,
      pushed: (failure) => this.pushes.push(failure),
      ...options,
    });
  }

  happen(): void {
    const usage = tokens(100, 10, { cacheCreation5mTokens: 20, cacheCreation1hTokens: 30, cacheReadTokens: 1000 });
    this.signals.booked.tell('a', { usage, model: 'opus', requestId: 'r1' });
    this.signals.booked.tell('a', { usage: tokens(1, 1), model: 'mystery', requestId: 'r2' });
    this.signals.booked.tell('b', { usage: tokens(2), model: undefined, requestId: undefined });
    this.signals.admitted.tell('a', 0);
    this.signals.admitted.tell('a', 2500);
    this.signals.refused.tell('b', 'The day is used up.');
    this.signals.answered.tell('b', 200);
    this.signals.answered.tell('b', 429);
    this.signals.answered.tell('b', 529);
  }
}
