/** What a report is. */
export type ObserverRoute =
  | { readonly kind: 'hook'; readonly event: string }
  | { readonly kind: 'status-line' }
  /** OpenTelemetry's signals. Source: OpenTelemetry Protocol specification, "OTLP/HTTP Request". */
  | { readonly kind: 'logs' }
  | { readonly kind: 'metrics' }
  | { readonly kind: 'traces' };

/** A session's base URL and what is below it. */
const target = /^\/([A-Za-z0-9._~-]{16,512})\/(?:v1\/(logs|metrics|traces)|(status-line)|hooks\/([A-Za-z]{1,64}))$/;

/**
 * Reads a request line's target. Only the plain form without a query is served.
 * @returns undefined for what is nothing here.
 */
export function readRoute(url: string): { readonly token: string; readonly route: ObserverRoute } | undefined {
  const [, token, signal, statusLine, event] = target.exec(url) ?? [];
  if (token === undefined) return undefined;
  if (event !== undefined) return { token, route: { kind: 'hook', event } };
  if (statusLine !== undefined) return { token, route: { kind: 'status-line' } };
  return signal === 'logs' || signal === 'metrics' || signal === 'traces'
    ? { token, route: { kind: signal } }
    : undefined;
}
