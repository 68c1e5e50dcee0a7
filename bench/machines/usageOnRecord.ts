import pg from 'pg';
import type { AgentRequest } from '../quota/agentRequest.ts';

/** What the shared ledger has on record of what the upstream has counted. */
export interface UsageOnRecord {
  readonly counted: number;
  /** Requests that their machine had put on record and the database does not have, or not with the same tokens. */
  readonly lost: number;
  /** Requests that the database has more than once, or that the upstream has not counted. */
  readonly doubled: number;
  /** Requests that were under way when their machine was killed: nobody there has seen the end of their answer. */
  readonly cutOff: number;
}

interface Row {
  readonly request_id: string;
  readonly times: string;
  readonly input: string;
  readonly output: string;
}

/** @param address as a superuser's. @param settled requests that their machines have put on record. */
export async function usageOnRecord(
  address: string,
  counted: ReadonlyMap<string, AgentRequest>,
  settled: ReadonlySet<string>,
): Promise<UsageOnRecord> {
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  const { rows } = await client.query<Row>(
    `SELECT request_id, count(*) AS times, sum(output_tokens) AS output,
       sum(input_tokens + cache_creation_5m_tokens + cache_creation_1h_tokens + cache_read_tokens) AS input
     FROM agent_quota.usage WHERE request_id IS NOT NULL GROUP BY 1`,
  );
  await client.end();
  const recorded = new Map(rows.map((row) => [row.request_id, row]));
  const isRight = (id: string): boolean => {
    const [row, usage] = [recorded.get(id), counted.get(id)?.usage];
    if (row === undefined || usage === undefined) return false;
    const { inputTokens, cacheCreation5mTokens, cacheCreation1hTokens, cacheReadTokens, outputTokens } = usage;
    const input = inputTokens + cacheCreation5mTokens + cacheCreation1hTokens + cacheReadTokens;
    return Number(row.input) === input && Number(row.output) === outputTokens;
  };
  return {
    counted: counted.size,
    lost: [...settled].filter((id) => !isRight(id)).length,
    doubled: rows.filter(({ request_id: id, times }) => Number(times) > 1 || !counted.has(id)).length,
    cutOff: [...counted.keys()].filter((id) => !recorded.has(id) && !settled.has(id)).length,
  };
}
