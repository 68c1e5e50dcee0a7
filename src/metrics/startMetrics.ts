import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { Metrics, MetricsOptions } from '../core/metrics.ts';
import { recordQuota } from './quotaInstruments.ts';
import { recordRequests } from './requestInstruments.ts';
import { WatchedExporter } from './watchedExporter.ts';

/** How long a push may take, in milliseconds. */
const pushWithinMs = 10_000;

/** Begins to collect metrics, and to push them when there is somewhere to. The script of `EngineStart.metricsScript`. */
export function startMetrics({ source, engineId, otlp, pushEveryMs, pushed }: MetricsOptions): Metrics {
  const scraped = new PrometheusExporter({ preventServerStart: true });
  const serializer = new PrometheusSerializer();
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': 'agent-quota', 'service.instance.id': engineId }),
    readers: [
      scraped,
      ...(otlp === undefined
        ? []
        : [
            new PeriodicExportingMetricReader({
              exporter: new WatchedExporter({ target: otlp, withinMs: pushWithinMs, pushed }),
              exportIntervalMillis: pushEveryMs,
              exportTimeoutMillis: Math.min(pushEveryMs, pushWithinMs),
            }),
          ]),
    ],
  });
  const meter = provider.getMeter('agent-quota');
  const ends = [recordRequests(meter, source), recordQuota(meter, source)];
  return {
    text: async () => {
      const { resourceMetrics, errors } = await scraped.collect();
      if (errors.length > 0) throw new Error('Metrics could not be collected.', { cause: errors[0] });
      return serializer.serialize(resourceMetrics);
    },
    close: async () => {
      try {
        await provider.shutdown({ timeoutMillis: pushWithinMs });
      } finally {
        for (const end of ends) end();
      }
    },
  };
}
