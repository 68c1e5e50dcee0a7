import type { LeaseMoment } from '../core/lease.ts';
import type { UsageDelivery } from '../core/sharedQuota.ts';

/** This machine among those that share a quota. */
export interface MachineRow {
  /** Random, and this ledger's for good. */
  readonly machineId: string;
  /** The engine that speaks for the machine, for each plan that one does. */
  readonly keepers: Readonly<Record<string, MachineKeeper>>;
}

export interface MachineKeeper {
  readonly engineId: string;
  /** When it said so last. */
  readonly at: LeaseMoment;
}

/** Usage that other machines are to hear of. */
export type OutboxEntry = Omit<UsageDelivery, 'position'>;

/** What a ledger keeps for the machines that it shares a quota with. */
export interface SharedRows {
  /** Undefined until there is one. */
  machine(): MachineRow | undefined;
  putMachine(row: MachineRow): void;
  /** Places only ever grow, also when all that was there is dropped. */
  addToOutbox(entry: OutboxEntry): void;
  /** The oldest of what is to be delivered. @param most how many at most. */
  outbox(most: number): UsageDelivery[];
  /** Drops what is delivered. */
  dropFromOutbox(through: number): void;
  /** The last place that was ever given; 0 before the first. */
  lastPlace(): number;
  /** Gives all that is there places behind one that this ledger has never given, in the same order. */
  moveOutbox(behind: number): void;
}
