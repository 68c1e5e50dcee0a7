/** A place in the line for a slot. */
export interface SlotTicket {
  readonly ticket: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

export type SlotDecision =
  | { readonly kind: 'free' }
  /** `since` is undefined when the ticket has no place yet and would be the last. */
  | { readonly kind: 'taken'; readonly place: number; readonly since: number | undefined };

/**
 * Whether a ticket gets a slot now. Slots go in order of arrival: a newcomer does not pass those who wait.
 * @param line oldest first.
 */
export function decideSlot(line: readonly SlotTicket[], ticket: string, taken: number, slots: number): SlotDecision {
  const index = line.findIndex((waiting) => waiting.ticket === ticket);
  const ahead = index === -1 ? line.length : index;
  if (taken + ahead < slots) return { kind: 'free' };
  return { kind: 'taken', place: ahead + 1, since: line[index]?.since };
}
