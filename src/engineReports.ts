import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { BookedRequests } from './core/bookedRequests.ts';
import type { Clock } from './core/clock.ts';
import type { Ledger } from './core/ledger.ts';
import type { Logger } from './core/logger.ts';
import type { MetricSource } from './core/metrics.ts';
import { MetricsSwitch } from './core/metricsSwitch.ts';
import type { EngineStart, QuotaEngineEvents } from './core/quotaEngine.ts';
import type { TokenPrices } from './core/tokenPrices.ts';
import { UsageReports } from './core/usageReports.ts';
import type * as MetricsModule from './metrics/startMetrics.ts';
import type * as PriceModule from './prices/listPrices.ts';
import { configDirectories } from './transcripts/configDirectories.ts';
import { transcriptFileName, TranscriptHistory } from './transcripts/transcriptHistory.ts';
import { UsageElsewhere } from './transcripts/usageElsewhere.ts';

/** What reports of usage are built of. */
export interface ReportParts {
  readonly start: EngineStart;
  readonly ledger: Ledger;
  readonly booked: BookedRequests;
  readonly window: Pick<QuotaEngineEvents, 'firstTranscripts'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Builds what tells of usage over time. Transcripts are the caller's to close. */
export function buildUsageReports({ start, ledger, booked, window, clock, logger }: ReportParts): {
  readonly reports: UsageReports;
  readonly transcripts: UsageElsewhere;
} {
  const { storageDirectory, transcriptScripts, priceScript } = start;
  const transcripts = new UsageElsewhere({
    isNew: () => !existsSync(join(storageDirectory, transcriptFileName)),
    open: () => {
      if (transcriptScripts === undefined) throw new Error('This engine has no thread for them');
      return new TranscriptHistory(transcriptScripts, storageDirectory);
    },
    configDirectories: () => configDirectories({ environment: process.env }),
    booked,
    progress: (share, first) => {
      if (first) window.firstTranscripts(share);
    },
    clock,
    logger,
  });
  const listPrices = (): TokenPrices | undefined => (priceScript === undefined ? undefined : readPrices(priceScript));
  return { reports: new UsageReports({ ledger, transcripts, listPrices, clock, logger }), transcripts };
}

/** The list is large, and only read when something is to be priced. */
function readPrices(script: string): TokenPrices {
  return (createRequire(script)(script) as typeof PriceModule).listPrices;
}

/** Between two pushes, in milliseconds. */
const pushEveryMs = 30_000;

/** Builds what collects metrics, while they are wanted. The caller's to close. */
export function buildMetrics(start: EngineStart, logger: Logger, source: MetricSource): MetricsSwitch {
  const { engineId, metricsScript } = start;
  return new MetricsSwitch({
    load: () => {
      if (metricsScript === undefined) throw new Error('This engine has no script for them.');
      return (createRequire(metricsScript)(metricsScript) as typeof MetricsModule).startMetrics;
    },
    source,
    engineId,
    logger,
    pushEveryMs,
  });
}
