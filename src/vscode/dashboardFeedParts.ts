import type { Clock } from '../core/clock.ts';
import type { QuotaEngine } from '../core/quotaEngine.ts';
import type { Notices } from './notices.ts';
import type { SessionTerminals } from './sessionTerminals.ts';
import type { SettingsReader } from './settingsReader.ts';
import type { SnapshotStore } from './snapshotStore.ts';

/** What the dashboard is fed from. */
export interface DashboardFeedParts {
  readonly engine: Pick<QuotaEngine, 'history' | 'events'>;
  readonly store: SnapshotStore;
  readonly settings: SettingsReader;
  readonly sessionTerminals: SessionTerminals;
  readonly notices: Notices;
  readonly clock: Clock;
}
