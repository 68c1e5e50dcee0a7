import type { DashboardRow } from '../shared/dashboardParts.ts';
import type { Announcer } from './announcer.ts';
import type { RowAction } from './rowView.ts';

/** What comes later was not the user's doing, in milliseconds; a question may be asked first. */
const awaitedMs = 60_000;

interface Awaited {
  readonly action: RowAction;
  readonly row: DashboardRow;
  readonly until: number;
}

/** Says what came of what the user did to sessions, when it is seen in the table. */
export class ActionOutcomes {
  readonly #announcer: Announcer;
  readonly #awaited = new Map<string, Awaited>();

  constructor(announcer: Announcer) {
    this.#announcer = announcer;
  }

  await(action: RowAction, row: DashboardRow): void {
    this.#awaited.set(row.id, { action, row, until: Date.now() + awaitedMs });
  }

  look(rows: ReadonlyMap<string, DashboardRow>): void {
    for (const [id, { action, row, until }] of this.#awaited) {
      const text = outcome(action, row, rows.get(id));
      if (text === undefined && Date.now() < until) continue;
      this.#awaited.delete(id);
      if (text !== undefined) this.#announcer.say(text);
    }
  }
}

function outcome(action: RowAction, before: DashboardRow, after: DashboardRow | undefined): string | undefined {
  if (after === undefined) return action === 'release' ? `Session of ${before.agent} released` : undefined;
  const { paused, weight } = after.session ?? {};
  if (action === 'pause' && paused === true) return `${before.agent} paused`;
  if (action === 'resume' && paused === false) return `${before.agent} resumed`;
  if (action === 'weigh' && weight !== before.session?.weight)
    return `${before.agent} has ${weight === undefined ? 'its agent’s own weight' : `weight ${weight}`}`;
  return undefined;
}
