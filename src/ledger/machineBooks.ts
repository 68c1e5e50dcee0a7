import { elapsedSince, type LeaseMoment } from '../core/lease.ts';
import type { LedgerStore } from './ledgerStore.ts';
import type { MachineRow } from './sharedRows.ts';

/** A keeper that has not been heard of for so long is not one any more, in milliseconds. */
const keeperMs = 5000;

/**
 * Which machine this is, and which of its engines speaks for it to the others, so that not each does. Every method runs
 * within a transaction.
 */
export class MachineBooks {
  readonly #store: LedgerStore;
  readonly #newId: () => string;

  /** @param newId a random id. */
  constructor(store: LedgerStore, newId: () => string) {
    this.#store = store;
    this.#newId = newId;
  }

  /** Begins a machine where there is none. */
  machine(): MachineRow {
    const known = this.#store.shared.machine();
    if (known !== undefined) return known;
    const row = { machineId: this.#newId(), keepers: {} };
    this.#store.shared.putMachine(row);
    return row;
  }

  /** Whether an engine speaks for the machine; `may`: nobody does, or it has not said so for a while. Only reads. */
  keeps(engineId: string, planId: string, now: LeaseMoment): 'yes' | 'may' | 'no' {
    const keeper = this.#store.shared.machine()?.keepers[planId];
    if (keeper === undefined) return 'may';
    const elapsed = elapsedSince(keeper.at, now);
    if (keeper.engineId !== engineId) return elapsed < keeperMs ? 'no' : 'may';
    return elapsed < keeperMs / 4 ? 'yes' : 'may';
  }

  /** Makes an engine the one that speaks, unless another one is. @returns whether it is. */
  keep(engineId: string, planId: string, now: LeaseMoment): boolean {
    if (this.keeps(engineId, planId, now) === 'no') return false;
    const row = this.machine();
    this.#store.shared.putMachine({ ...row, keepers: { ...row.keepers, [planId]: { engineId, at: now } } });
    return true;
  }

  /** Lets others speak at once. */
  leave(engineId: string): void {
    const row = this.#store.shared.machine();
    if (row === undefined) return;
    const others = Object.entries(row.keepers).filter(([, keeper]) => keeper.engineId !== engineId);
    this.#store.shared.putMachine({ ...row, keepers: Object.fromEntries(others) });
  }
}
