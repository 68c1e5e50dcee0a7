import type { Clock } from './clock.ts';
import type { Ledger } from './ledger.ts';
import type { Logger } from './logger.ts';
import type { SecretSource } from './secretSource.ts';

/** What a quota manager works with. */
export interface QuotaManagerParts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly secrets: SecretSource;
  readonly logger: Logger;
  readonly engineId: string;
}
