import { type RateDimension } from '../core/rateLimits.ts';
import { type BucketRow } from './ledgerStore.ts';

const untouched: BucketRow = { bucket: { used: 0, at: 0, held: 0 }, reportedLimit: undefined };

/** A plan's buckets; one that has no row yet is full and unlimited by reports. */
export function mapDimensionRows(
  row: (dimension: RateDimension) => BucketRow | undefined,
): Readonly<Record<RateDimension, BucketRow>> {
  return {
    requestsPerMinute: row('requestsPerMinute') ?? untouched,
    tokensPerMinute: row('tokensPerMinute') ?? untouched,
    inputTokensPerMinute: row('inputTokensPerMinute') ?? untouched,
    outputTokensPerMinute: row('outputTokensPerMinute') ?? untouched,
  };
}
