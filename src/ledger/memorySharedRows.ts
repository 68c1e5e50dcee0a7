import type { UsageDelivery } from '../core/sharedQuota.ts';
import type { MachineRow, OutboxEntry, SharedRows } from './sharedRows.ts';

/** In memory: of a ledger that does not outlive its engine. */
export class MemorySharedRows implements SharedRows {
  #machine: MachineRow | undefined;
  #outbox: UsageDelivery[] = [];
  #positions = 0;

  machine(): MachineRow | undefined {
    return this.#machine;
  }

  putMachine(row: MachineRow): void {
    this.#machine = row;
  }

  addToOutbox(entry: OutboxEntry): void {
    this.#positions += 1;
    this.#outbox.push({ ...entry, position: this.#positions });
  }

  outbox(most: number): UsageDelivery[] {
    return this.#outbox.slice(0, most);
  }

  dropFromOutbox(through: number): void {
    this.#outbox = this.#outbox.filter(({ position }) => position > through);
  }

  lastPlace(): number {
    return this.#positions;
  }

  moveOutbox(behind: number): void {
    this.#outbox = this.#outbox.map((entry) => ({ ...entry, position: entry.position + behind }));
    this.#positions += behind;
  }
}
