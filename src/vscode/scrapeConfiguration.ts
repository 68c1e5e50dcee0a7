import type { MetricsEndpoint } from '../core/quotaEngine.ts';

/**
 * What to add to a Prometheus server's configuration. Source: Prometheus documentation, "Configuration" › `scrape_config`.
 * @param window tells several windows apart.
 */
export function scrapeConfiguration({ url, token }: MetricsEndpoint, window: string): string {
  const { host, pathname } = new URL(url);
  return `scrape_configs:
  - job_name: ${quoted(`agent-quota ${window}`)}
    metrics_path: ${pathname}
    authorization:
      credentials: ${quoted(token)}
    static_configs:
      - targets: [${quoted(host)}]
        labels:
          window: ${quoted(window)}
`;
}

/** JSON's texts are YAML's. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
