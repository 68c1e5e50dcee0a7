import type { EngineSnapshot } from './quotaEngine.ts';
import type { QuotaSignals } from './quotaSignals.ts';
import type { OtlpTarget } from './reporting.ts';
import type { TokenPrices } from './tokenPrices.ts';

/** What metrics are made of. */
export interface MetricSource {
  readonly signals: QuotaSignals;
  /** The name of a live session's agent; empty when it is not known. */
  readonly agentOf: (sessionId: string) => string;
  readonly snapshot: () => Promise<EngineSnapshot>;
  readonly prices: () => TokenPrices;
}

export interface MetricsOptions {
  readonly source: MetricSource;
  /** Tells the engines of several windows apart. */
  readonly engineId: string;
  /** Where they are pushed to; undefined: nowhere. */
  readonly otlp: OtlpTarget | undefined;
  /** Between two pushes, in milliseconds. */
  readonly pushEveryMs: number;
  /** A push has failed, or works again; the reason is free of secrets. */
  readonly pushed: (failure: string | undefined) => void;
}

/** Metrics that are collected. */
export interface Metrics {
  /** All of them as a Prometheus server reads them: text format 0.0.4. */
  text(): Promise<string>;
  /** Pushes what was not pushed yet, and ends. */
  close(): Promise<void>;
}

/** What a metrics script exports. */
export type StartMetrics = (options: MetricsOptions) => Metrics;
