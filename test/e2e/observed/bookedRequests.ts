import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import type { Usage } from '../../../src/core/usage.ts';
import { ledgerFileName } from '../../../src/ledger/openLedger.ts';
import type { ServedRequest } from '../../fakes/servedLog.ts';

const rowSchema = z.object({
  request_id: z.string(),
  subagent_id: z.string().nullable(),
  session_id: z.string(),
  agent_id: z.string(),
  plan_id: z.string(),
  model: z.string(),
  input_tokens: z.number(),
  cache_creation_5m_tokens: z.number(),
  cache_creation_1h_tokens: z.number(),
  cache_read_tokens: z.number(),
  output_tokens: z.number(),
});

/** A request as the ledger has it. */
export interface BookedRequest {
  readonly requestId: string;
  readonly usage: Usage;
  readonly model: string;
  readonly subagent: string | undefined;
  readonly session: string;
  readonly agent: string;
  readonly planId: string;
}

/** Each request that a ledger has booked, in the words of the upstream. */
export function bookedRequests(storageDirectory: string): BookedRequest[] {
  const database = new DatabaseSync(path.join(storageDirectory, ledgerFileName), { readOnly: true });
  try {
    return database
      .prepare('SELECT * FROM usage')
      .all()
      .map((row) => {
        const found = rowSchema.parse(row);
        return {
          requestId: found.request_id,
          usage: {
            inputTokens: found.input_tokens,
            cacheCreation5mTokens: found.cache_creation_5m_tokens,
            cacheCreation1hTokens: found.cache_creation_1h_tokens,
            cacheReadTokens: found.cache_read_tokens,
            outputTokens: found.output_tokens,
          },
          model: found.model,
          subagent: found.subagent_id ?? undefined,
          session: found.session_id,
          agent: found.agent_id,
          planId: found.plan_id,
        };
      });
  } finally {
    database.close();
  }
}

/** What of each request ledger and upstream both know, by its id. */
export function comparable(requests: readonly (BookedRequest | ServedRequest)[]): Record<string, object> {
  return Object.fromEntries(
    requests.map((request) => {
      const { requestId, usage } = request;
      const subagent = 'headers' in request ? request.headers['x-claude-code-agent-id'] : request.subagent;
      return [requestId, { usage, subagent }];
    }),
  );
}
