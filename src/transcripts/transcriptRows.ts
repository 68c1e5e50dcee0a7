import type { Usage } from '../core/usage.ts';
import type { Candidate, CountingSet } from './keptEntries.ts';
import type { Row } from './statements.ts';
import type { TranscriptEntry } from './transcriptEntry.ts';
import type { TranscriptPlace } from './transcriptFiles.ts';
import type { TranscriptPosition } from './transcriptPosition.ts';

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
  /** Of an hour, since the epoch. */
  readonly quarter: number;
  readonly keptIn: CountingSet;
}

/** An entry that was read just now. */
export interface NewEntry extends Candidate, Pick<TranscriptEntry, 'at' | 'model'> {
  readonly messageId: string;
  readonly lineAt: number;
}

// The tables are strict, and nobody else's: what is in them is not checked once more.

export const usageColumns =
  'input_tokens, cache_creation_5m_tokens, cache_creation_1h_tokens, cache_read_tokens, output_tokens';

/** @param row of `transcript`. */
export function readTranscriptOf(row: Row): ReadTranscript {
  return {
    transcriptId: Number(row['transcript_id']),
    path: String(row['path']),
    size: Number(row['size']),
    modifiedAt: String(row['modified_at']),
    position: {
      offset: Number(row['read_to']),
      identity: { inode: String(row['inode']), bornAt: textOf(row['born_at']) },
      fingerprint: String(row['fingerprint']),
    },
  };
}

/** @param row of `entry`. */
export function entryOf(row: Row): EntryRow {
  const speed = row['speed'];
  return {
    messageId: String(row['message_id']),
    transcriptId: Number(row['transcript_id']),
    lineAt: Number(row['line_at']),
    quarter: Number(row['quarter']),
    requestId: textOf(row['request_id']),
    speed: speed === 'fast' || speed === 'standard' ? speed : undefined,
    costUsd: numberOf(row['cost_usd']),
    isSidechain: row['is_sidechain'] === 1,
    passedOverBy: Number(row['passed_over_by']),
    keptIn: Number(row['kept_in']),
    usage: usageOf(row),
  };
}

/** @param row of `transcript`, with the number of its place. */
export function placeOf(row: Row): [number, TranscriptPlace & { readonly placeId: number }] {
  return [
    Number(row['transcript_id']),
    {
      placeId: Number(row['place_id']),
      project: String(row['project']),
      projectPath: String(row['project_path']),
      sessionId: String(row['session_id']),
    },
  ];
}

/** What was used in one step of time, in one transcript and at one price. */
export interface UsageSumRow {
  /** When the step begins, in milliseconds since the epoch. */
  readonly step: number;
  readonly transcriptId: number;
  readonly modelId: number;
  readonly isFast: boolean;
  readonly isLong: boolean;
  readonly requests: number;
  readonly costUsd: number | undefined;
  readonly usage: Usage;
}

/** A sum's columns in their order, the last of which are `usageColumns`. */
export type UsageSumValues = readonly [
  step: number,
  transcriptId: number,
  modelId: number,
  speed: string,
  isLong: number,
  requests: number,
  costUsd: number | null,
  ...usage: [number, number, number, number, number],
];

export function usageSumOf(values: UsageSumValues): UsageSumRow {
  const [step, transcriptId, modelId, speed, isLong, requests, costUsd, ...usage] = values;
  const [inputTokens, cacheCreation5mTokens, cacheCreation1hTokens, cacheReadTokens, outputTokens] = usage;
  return {
    step,
    transcriptId,
    modelId,
    isFast: speed === 'fast',
    isLong: isLong === 1,
    requests,
    costUsd: costUsd ?? undefined,
    usage: { inputTokens, cacheCreation5mTokens, cacheCreation1hTokens, cacheReadTokens, outputTokens },
  };
}

function usageOf(row: Row): Usage {
  return {
    inputTokens: Number(row['input_tokens']),
    cacheCreation5mTokens: Number(row['cache_creation_5m_tokens']),
    cacheCreation1hTokens: Number(row['cache_creation_1h_tokens']),
    cacheReadTokens: Number(row['cache_read_tokens']),
    outputTokens: Number(row['output_tokens']),
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

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
