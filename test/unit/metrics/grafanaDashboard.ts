import { readFileSync } from 'node:fs';
import * as z from 'zod';

const dashboardSchema = z.looseObject({
  panels: z.array(z.looseObject({ title: z.string(), targets: z.array(z.looseObject({ expr: z.string() })) })),
});

/** Every question that the dashboard in the documentation asks, with Grafana's own variables filled in. */
export function dashboardQueries(): string[] {
  const file = new URL('../../../docs/grafana-dashboard.json', import.meta.url);
  return dashboardSchema
    .parse(JSON.parse(readFileSync(file, 'utf8')))
    .panels.flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll(/\$__(?:rate_interval|range)/g, '1m')));
}
