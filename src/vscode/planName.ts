import { type Plan } from '../core/plan.ts';

/** A plan's name in texts. */
export function planName(kind: Plan['kind']): string {
  return kind === 'MaxSubscription' ? 'Max subscription' : 'API key';
}
