import type { EngineSnapshot, QuotaEngine } from '../core/quotaEngine.ts';
import type { DashboardEvent } from '../shared/dashboardParts.ts';
import type { Notices } from './notices.ts';
import { dashboardEvent } from './eventText.ts';

/** So many events are listed. */
const listed = 50;

export interface EventFeedParts {
  readonly engine: Pick<QuotaEngine, 'events'>;
  readonly notices: Pick<Notices, 'logged'>;
}

/** The newest events, fetched when there are newer ones. */
export class EventFeed {
  readonly #parts: EventFeedParts;
  readonly #changed: () => void;
  #events: readonly DashboardEvent[] = [];
  /** The engine's that they are of. */
  #startedAt: number | undefined;
  #lastId = 0;
  #fetching = false;

  constructor(parts: EventFeedParts, changed: () => void) {
    this.#parts = parts;
    this.#changed = changed;
  }

  /** The newest first. */
  get events(): readonly DashboardEvent[] {
    return this.#events;
  }

  /** @param snapshot the newest. */
  async follow(snapshot: Pick<EngineSnapshot, 'startedAt' | 'lastEventId'> | undefined): Promise<void> {
    if (snapshot === undefined || this.#fetching) return;
    const { startedAt, lastEventId } = snapshot;
    // An engine that took another's place counts from the beginning.
    if (startedAt !== this.#startedAt) this.#lastId = 0;
    this.#startedAt = startedAt;
    if (lastEventId === this.#lastId) return;
    this.#fetching = true;
    try {
      const fresh = await this.#parts.engine.events(this.#lastId);
      const newest = fresh.at(-1);
      const before = this.#lastId === 0 ? [] : this.#events;
      this.#lastId = newest?.id ?? lastEventId;
      if (newest === undefined) return;
      this.#events = [...fresh.map(dashboardEvent).reverse(), ...before].slice(0, listed);
      this.#changed();
    } catch (cause) {
      this.#parts.notices.logged('fetch recent events', cause);
    } finally {
      this.#fetching = false;
    }
  }
}
