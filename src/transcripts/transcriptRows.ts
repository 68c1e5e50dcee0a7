import * as z from 'zod';
import { type Usage } from '../core/usage.ts';
import { type Candidate, type CountingSet } from './keptEntries.ts';
import { type TranscriptEntry } from './transcriptEntry.ts';
import { type TranscriptPosition } from './transcriptPosition.ts';

/** A transcript as it was when it was read last. */
export interface ReadTranscript {
  readonly transcriptId: number;
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** In nanoseconds since the epoch. */
  readonly modifiedAt: string;
  readonly position: TranscriptPosition;
}

/** An entry that may count, in the table. */
export interface EntryRow extends Candidate {
  readonly messageId: string;
  readonly transcriptId: number;
  readonly lineAt: number;
  readonly keptIn: CountingSet;
}

/** An entry that was read just now. */
export interface NewEntry extends Candidate, Pick<TranscriptEntry, 'at' | 'model'> {
  readonly messageId: string;
  readonly lineAt: number;
}

const text = z.string();
const maybeText = z.string().nullable();

export const transcriptRow = z
  .object({
    transcript_id: z.number(),
    path: text,
    size: z.number(),
    modified_at: text,
    inode: text,
    born_at: maybeText,
    read_to: z.number(),
    fingerprint: text,
  })
  .transform((row): ReadTranscript => ({
    transcriptId: row.transcript_id,
    path: row.path,
    size: row.size,
    modifiedAt: row.modified_at,
    position: {
      offset: row.read_to,
      identity: { inode: row.inode, bornAt: row.born_at ?? undefined },
      fingerprint: row.fingerprint,
    },
  }));

export const usageColumns =
  'input_tokens, cache_creation_5m_tokens, cache_creation_1h_tokens, cache_read_tokens, output_tokens';

const countMembers = {
  input_tokens: z.number(),
  cache_creation_5m_tokens: z.number(),
  cache_creation_1h_tokens: z.number(),
  cache_read_tokens: z.number(),
  output_tokens: z.number(),
};

export const entryRow = z
  .object({
    message_id: text,
    transcript_id: z.number(),
    line_at: z.number(),
    request_id: maybeText,
    speed: z.enum(['standard', 'fast']).nullable(),
    cost_usd: z.number().nullable(),
    is_sidechain: z.number(),
    passed_over_by: z.number(),
    kept_in: z.number(),
    ...countMembers,
  })
  .transform((row): EntryRow => ({
    messageId: row.message_id,
    transcriptId: row.transcript_id,
    lineAt: row.line_at,
    requestId: row.request_id ?? undefined,
    speed: row.speed ?? undefined,
    costUsd: row.cost_usd ?? undefined,
    isSidechain: row.is_sidechain === 1,
    passedOverBy: row.passed_over_by,
    keptIn: row.kept_in,
    usage: usageIn(row),
  }));

export const sumRow = z.object({
  step: z.number(),
  project: text,
  project_path: text,
  session_id: text,
  model: maybeText,
  speed: maybeText,
  is_long: z.number(),
  is_booked: z.number(),
  requests: z.number(),
  cost_usd: z.number().nullable(),
  ...countMembers,
});

export function usageIn(row: z.infer<z.ZodObject<typeof countMembers>>): Usage {
  return {
    inputTokens: row.input_tokens,
    cacheCreation5mTokens: row.cache_creation_5m_tokens,
    cacheCreation1hTokens: row.cache_creation_1h_tokens,
    cacheReadTokens: row.cache_read_tokens,
    outputTokens: row.output_tokens,
  };
}

/** In the order of `usageColumns`. */
export function usageValues(usage: Usage): number[] {
  return [
    usage.inputTokens,
    usage.cacheCreation5mTokens,
    usage.cacheCreation1hTokens,
    usage.cacheReadTokens,
    usage.outputTokens,
  ];
}
