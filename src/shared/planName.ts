/** A plan's name in texts. */
export function planName(kind: 'MaxSubscription' | 'ApiKey'): string {
  return kind === 'MaxSubscription' ? 'Max subscription' : 'API key';
}
