import type { PriceRule } from './priceRules.ts';

/** Where metrics go by themselves. */
export interface OtlpTarget {
  /** Base URL of an OTLP/HTTP receiver, or the whole URL of its metrics when that ends in `/v1/metrics`. */
  readonly endpoint: string;
  /** Sent with each push; may hold a secret of the user's, so it is never written down. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What the user wants to be told of usage, here and elsewhere. */
export interface Reporting {
  /** Whether Claude Code's transcripts may be read. */
  readonly transcripts: boolean;
  readonly prices: readonly PriceRule[];
  /** Whether metrics can be scraped at the gateway. */
  readonly prometheus: boolean;
  /** Undefined: nowhere. */
  readonly otlp: OtlpTarget | undefined;
}

export const noReporting: Reporting = { transcripts: false, prices: [], prometheus: false, otlp: undefined };
