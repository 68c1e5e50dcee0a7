import { hopByHopHeaders } from './hopByHopHeaders.ts';

/**
 * The headers that go back to the agent: the upstream's own in their order and casing, without those that end here and
 * without any that holds the real key.
 * @param rawHeaders alternating names and values as received.
 * @param key the real key.
 */
export function agentHeaders(rawHeaders: readonly string[], key: string): string[] {
  const ending = hopByHopHeaders(rawHeaders);
  const kept: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    if (!ending.has(name.toLowerCase()) && !holds(value, key)) kept.push(name, value);
  }
  return kept;
}

/** A short key (of a gateway on this machine, say) could be a part of anything. */
function holds(value: string, key: string): boolean {
  return value === key || (key.length >= 16 && value.includes(key));
}
