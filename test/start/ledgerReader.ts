import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';

/** One session as the ledger has it. */
export interface LedgerSession {
  readonly sessionId: string;
  readonly agentId: string;
  readonly state: 'active' | 'idle' | 'ended';
  readonly endReason: string | undefined;
  readonly requests: number;
  /** All tokens, cache reads included. */
  readonly tokens: number;
  /** The upstream's ids of the session's requests. */
  readonly requestIds: readonly string[];
}

const recordSchema = z.object({
  sessionId: z.string(),
  agentId: z.string(),
  state: z.enum(['active', 'idle', 'ended']),
  endReason: z.string().optional(),
  requests: z.number(),
});
const usageSchema = z.object({ session_id: z.string(), request_id: z.string().nullable(), tokens: z.number() });

/** Reads the ledger's file beside the engine that writes it; nothing is there before the extension has started. */
export function readLedger(file: string): readonly LedgerSession[] {
  if (!existsSync(file)) return [];
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const usage = database
      .prepare(
        `SELECT session_id, request_id, input_tokens + cache_creation_5m_tokens + cache_creation_1h_tokens
           + cache_read_tokens + output_tokens AS tokens FROM usage`,
      )
      .all()
      .map((row) => usageSchema.parse(row));
    return database
      .prepare('SELECT record FROM session ORDER BY rowid')
      .all()
      .map((row) => recordSchema.parse(JSON.parse(String(row['record']))))
      .map(({ endReason, ...session }) => {
        const own = usage.filter((entry) => entry.session_id === session.sessionId);
        return {
          ...session,
          endReason,
          tokens: own.reduce((sum, { tokens }) => sum + tokens, 0),
          requestIds: own.flatMap(({ request_id }) => (request_id === null ? [] : [request_id])),
        };
      });
  } catch (error) {
    // Between the file's making and its first schema there is nothing to read, and a writer may be at it just now.
    if (error instanceof Error && /no such table|database is locked/.test(error.message)) return [];
    throw error;
  } finally {
    database.close();
  }
}
