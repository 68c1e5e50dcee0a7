import type { MonotonicClock } from '../core/monotonicClock.ts';
import type { OtherMachine } from '../core/sharedState.ts';
import type { SharedQuota } from '../core/sharedQuota.ts';
import { parsePublished } from './publishedSessions.ts';

/** A machine that has not been heard of for so long is not shown, in milliseconds. */
const goneMs = 60_000;
/** Between two looks, in milliseconds. */
const betweenMs = 300;
/** What nobody told of is looked at after so long, in milliseconds. */
const staleMs = 20_000;

/** What other machines show of themselves, looked at when somebody tells that it has changed. */
export class OtherMachines {
  readonly #shared: SharedQuota;
  readonly #clock: MonotonicClock;
  readonly #changed: () => void;
  readonly #known = new Map<string, readonly OtherMachine[]>();
  readonly #lookedAt = new Map<string, number>();
  readonly #pending = new Map<string, () => void>();
  /** Plans of which something has changed while nobody looked. */
  readonly #missed = new Set<string>();

  constructor(shared: SharedQuota, clock: MonotonicClock, changed: () => void) {
    this.#shared = shared;
    this.#clock = clock;
    this.#changed = changed;
  }

  /** As they are known, by name; they are looked at soon when that is old or changes were missed. @param own left out. */
  of(planId: string, own: string | undefined): readonly OtherMachine[] {
    const at = this.#lookedAt.get(planId);
    const isOld = at === undefined || this.#clock.monotonic() - at > staleMs;
    if (isOld || this.#missed.has(planId)) this.look(planId);
    return (this.#known.get(planId) ?? []).filter(({ machineId }) => machineId !== own);
  }

  /** Looks at them now, or soon after the last look. */
  look(planId: string): void {
    if (this.#pending.has(planId)) return;
    const waitMs = (this.#lookedAt.get(planId) ?? -Infinity) + betweenMs - this.#clock.monotonic();
    const cancel = this.#clock.after(Math.max(0, waitMs), () => {
      this.#pending.delete(planId);
      void this.#look(planId);
    });
    this.#pending.set(planId, cancel);
  }

  /** Something has changed, and nobody looks: they are looked at when somebody does. */
  miss(planId: string): void {
    this.#missed.add(planId);
  }

  close(): void {
    for (const cancel of this.#pending.values()) cancel();
    this.#pending.clear();
  }

  async #look(planId: string): Promise<void> {
    this.#lookedAt.set(planId, this.#clock.monotonic());
    this.#missed.delete(planId);
    try {
      const seen = await this.#shared.machines(planId);
      const machines = seen
        .filter(({ ageMs }) => ageMs < goneMs)
        .flatMap(({ machine: { machineId, name, user }, body }): OtherMachine[] => {
          const sessions = parsePublished(body);
          return sessions === undefined ? [] : [{ machineId, name, user, sessions }];
        })
        .sort((a, b) => a.name.localeCompare(b.name) || a.machineId.localeCompare(b.machineId));
      this.#known.set(planId, machines);
      this.#changed();
    } catch {
      // That the shared ledger is away is told by the asks for leases; what is known stays on screen until then.
    }
  }
}
