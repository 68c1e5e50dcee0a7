/** A place in the line for a slot. */
export interface SlotTicket {
  readonly ticket: string;
  readonly agentId: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** What decides who gets a slot. */
export interface SlotFacts {
  /** Slots of the plan. */
  readonly slots: number;
  /** Agent ids of the sessions that hold one. */
  readonly holders: readonly string[];
  /** Oldest first. */
  readonly line: readonly SlotTicket[];
  /** How many sessions an agent's name may have at once; undefined for any number. */
  readonly slotsOfAgent: (agentId: string) => number | undefined;
}

export type SlotDecision =
  | { readonly kind: 'free' }
  /** `since` is undefined when the ticket has no place yet and would be the last. */
  | { readonly kind: 'taken'; readonly place: number; readonly since: number | undefined };

/**
 * Whether a ticket gets a slot now. Slots go in order of arrival: a newcomer does not pass those who wait. Who waits
 * only for their own agent's limit does not hold up the others.
 */
export function decideSlot(facts: SlotFacts, ticket: string, agentId: string): SlotDecision {
  const index = facts.line.findIndex((waiting) => waiting.ticket === ticket);
  const ahead = facts.line.slice(0, index === -1 ? facts.line.length : index);
  const running = new Map<string, number>();
  for (const holder of facts.holders) running.set(holder, (running.get(holder) ?? 0) + 1);
  let free = facts.slots - facts.holders.length;
  const seat = (agent: string): boolean => {
    const taken = running.get(agent) ?? 0;
    if (free <= 0 || taken >= (facts.slotsOfAgent(agent) ?? Infinity)) return false;
    running.set(agent, taken + 1);
    free -= 1;
    return true;
  };
  for (const waiting of ahead) seat(waiting.agentId);
  if (seat(agentId)) return { kind: 'free' };
  return { kind: 'taken', place: ahead.length + 1, since: facts.line[index]?.since };
}

/** How many slots each agent would take if those in line got all that the limits allow; holders not counted. */
export function seatsWanted(facts: SlotFacts): ReadonlyMap<string, number> {
  const running = new Map<string, number>();
  for (const holder of facts.holders) running.set(holder, (running.get(holder) ?? 0) + 1);
  const wanted = new Map<string, number>();
  let free = facts.slots - facts.holders.length;
  for (const { agentId } of facts.line) {
    const taken = (running.get(agentId) ?? 0) + (wanted.get(agentId) ?? 0);
    if (free <= 0 || taken >= (facts.slotsOfAgent(agentId) ?? Infinity)) continue;
    wanted.set(agentId, (wanted.get(agentId) ?? 0) + 1);
    free -= 1;
  }
  return wanted;
}
