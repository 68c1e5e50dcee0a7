import type { ExportFormat } from '../shared/dashboardMessages.ts';
import type { DashboardRow } from '../shared/dashboardParts.ts';
import { type Cell, csvText } from '../shared/csvText.ts';
import { layerName } from '../shared/historyExport.ts';
import type { AskedUsage } from './usageFeed.ts';

/** A table to be saved. */
export interface ExportTable {
  /** Of the file, without its ending. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Sessions as they are shown. */
export function sessionsTable(rows: readonly DashboardRow[]): ExportTable {
  return {
    name: 'agent-quota-sessions',
    columns: [
      'id',
      'agent',
      'state',
      'model',
      'workspace',
      'since',
      'input_tokens',
      'output_tokens',
      'cache_read_tokens',
      'cache_write_tokens',
      'tokens',
      'tokens_per_minute',
      'requests',
      'waiting_requests',
      'cost_usd',
      'weight',
    ],
    rows: rows.map(({ id, agent, state, model, workspace, since, session }) => {
      const figures = session?.figures;
      return [
        id,
        agent,
        state,
        model,
        workspace,
        new Date(since).toISOString(),
        figures?.input,
        figures?.output,
        figures?.cacheRead,
        figures?.cacheWrite,
        figures?.tokens,
        figures?.rate,
        figures?.requests,
        figures?.waiting,
        figures?.cost?.usd,
        session?.weight,
      ];
    }),
  };
}

/** Usage over time as the chart shows it: a line for each step and layer with anything in it. */
export function usageTable({ query, history }: AskedUsage): ExportTable {
  return {
    name: `agent-quota-usage-${query.span}-by-${query.by}`,
    columns: ['from', query.by, 'origin', 'tokens'],
    rows: history.starts.flatMap((start, step) =>
      history.series.flatMap(({ origin, tokens, ...layer }): (readonly Cell[])[] => {
        const used = tokens[step] ?? 0;
        return used === 0 ? [] : [[new Date(start).toISOString(), layerName(layer), origin, used]];
      }),
    ),
  };
}

export function exportText({ columns, rows }: ExportTable, format: ExportFormat): string {
  if (format === 'csv') return csvText(columns, rows);
  const objects = rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index] ?? null])));
  return `${JSON.stringify(objects, undefined, 2)}\n`;
}
