import type { LimitStatus } from '../shared/limitStatus.ts';

/** The plan's limits at one moment. */
export interface QuotaStatus {
  readonly at: number;
  readonly planKind: 'MaxSubscription' | 'ApiKey';
  readonly limits: readonly LimitStatus[];
  /** The highest percentage among the limits other than slots. */
  readonly percentage: number;
  /** When a pause that the upstream asked for (retry-after) ends; absent when there is none. */
  readonly pausedUntil?: number;
  /** The same for some models alone (`opus-5`); empty when there is none. */
  readonly pausedModels: readonly { readonly models: string; readonly until: number }[];
}
