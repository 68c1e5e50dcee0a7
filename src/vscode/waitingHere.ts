import type { EngineSnapshot, LinePlace } from '../core/quotaEngine.ts';
import { ProblemError } from './problemError.ts';

/** Agents of this window that wait for a slot, in the order in which they came; others are in the line too. */
export function waitingHere({ line, ownTickets }: Pick<EngineSnapshot, 'line' | 'ownTickets'>): readonly LinePlace[] {
  const own = new Set(ownTickets);
  return line.filter(({ ticket }) => own.has(ticket));
}

/**
 * Whose wait ends when an agent is to start without quota: only its own window can tell it.
 * @param ticket whose; the longest waiting when it is undefined.
 * @throws ProblemError where it does not wait in this window.
 */
export function ticketToStart(waiting: readonly LinePlace[], ticket: string | undefined): string {
  const found = ticket === undefined ? waiting[0] : waiting.find((place) => place.ticket === ticket);
  if (found !== undefined) return found.ticket;
  throw new ProblemError({
    code: 'waits-elsewhere',
    severity: 'warning',
    message:
      ticket === undefined ? 'No agent of this window waits for a slot.' : 'This agent does not wait in this window.',
    nextStep: 'If one waits in another window, start it without quota there.',
  });
}
