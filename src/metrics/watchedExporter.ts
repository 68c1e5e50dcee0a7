import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import type { MetricsOptions } from '../core/metrics.ts';
import type { OtlpTarget } from '../core/reporting.ts';

export interface WatchedExporterOptions {
  readonly target: OtlpTarget;
  /** How long a push may take, in milliseconds. */
  readonly withinMs: number;
  readonly pushed: MetricsOptions['pushed'];
}

type Export = OTLPMetricExporter['export'];

/** Pushes metrics and tells how that ends: the SDK's own way to tell is one for all of the process. */
export class WatchedExporter extends OTLPMetricExporter {
  readonly #pushed: MetricsOptions['pushed'];

  constructor({ target, withinMs, pushed }: WatchedExporterOptions) {
    super({ url: metricsUrl(target.endpoint), headers: { ...target.headers }, timeoutMillis: withinMs });
    this.#pushed = pushed;
  }

  override export(...[metrics, done]: Parameters<Export>): void {
    super.export(metrics, (result) => {
      this.#pushed(result.error?.message);
      done(result);
    });
  }
}

/** Source: OpenTelemetry specification, "OTLP exporter" › "Endpoint URLs for OTLP/HTTP". */
function metricsUrl(endpoint: string): string {
  const url = new URL(endpoint);
  if (!url.pathname.endsWith('/v1/metrics')) url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/metrics`;
  return url.href;
}
