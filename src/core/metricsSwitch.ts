import type { Logger } from './logger.ts';
import type { Metrics, MetricSource, StartMetrics } from './metrics.ts';
import type { Reporting } from './reporting.ts';

/** What a switch works with. */
export interface MetricsSwitchParts {
  /** Loads what collects metrics: large, so only when it is wanted. @throws where it cannot be had. */
  readonly load: () => StartMetrics;
  readonly source: MetricSource;
  readonly engineId: string;
  readonly logger: Logger;
  /** Between two pushes, in milliseconds. */
  readonly pushEveryMs: number;
}

/** Collects metrics while the user wants them, and does nothing otherwise. */
export class MetricsSwitch {
  readonly #parts: MetricsSwitchParts;
  #wanted = '';
  #scraped = false;
  #metrics: Metrics | undefined;
  #failure: string | undefined;

  constructor(parts: MetricsSwitchParts) {
    this.#parts = parts;
  }

  /** Takes effect at once. What was counted before begins anew when it is pushed somewhere else. */
  configure({ prometheus, otlp }: Pick<Reporting, 'prometheus' | 'otlp'>): void {
    this.#scraped = prometheus;
    const wanted = prometheus || otlp !== undefined ? JSON.stringify(otlp ?? null) : '';
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    void this.close();
    if (wanted === '') return;
    const { load, source, engineId, logger, pushEveryMs } = this.#parts;
    this.#failure = undefined;
    const pushed = (failure: string | undefined): void => {
      this.#pushed(failure);
    };
    try {
      this.#metrics = load()({ source, engineId, otlp, pushEveryMs, pushed });
    } catch (error) {
      logger.error('Metrics cannot be collected.', error);
    }
  }

  /** Whether they are for a Prometheus server, and to be had. */
  get isScraped(): boolean {
    return this.#scraped && this.#metrics !== undefined;
  }

  /** As `Metrics.text`. @throws while there are none. */
  async text(): Promise<string> {
    if (this.#metrics === undefined) throw new Error('Metrics are off.');
    return this.#metrics.text();
  }

  /** Pushes what was not pushed yet, and ends. Never rejects. */
  async close(): Promise<void> {
    const metrics = this.#metrics;
    this.#metrics = undefined;
    await metrics?.close().catch((error: unknown) => {
      this.#parts.logger.warn(`Metrics could not be ended (${String(error)}).`);
    });
  }

  /** Each failure is logged once. */
  #pushed(failure: string | undefined): void {
    if (failure === this.#failure) return;
    const { logger } = this.#parts;
    if (failure === undefined) logger.info('Metrics are pushed again.');
    else logger.warn(`Metrics could not be pushed (${failure}).`);
    this.#failure = failure;
  }
}
