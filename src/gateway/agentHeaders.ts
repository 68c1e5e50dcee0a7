import { holdsKey } from './holdsKey.ts';
import { hopByHopHeaders } from './hopByHopHeaders.ts';

/**
 * The headers that go back to the agent: the upstream's own in their order and casing, without those that end here and
 * without any that holds the real key or lets a web page read the answer (CORS), since none is ever to.
 * @param rawHeaders alternating names and values as received.
 * @param key the real key, if there is one.
 */
export function agentHeaders(rawHeaders: readonly string[], key: string | undefined): string[] {
  const ending = hopByHopHeaders(rawHeaders);
  const kept: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    const lowerName = name.toLowerCase();
    if (ending.has(lowerName) || lowerName.startsWith('access-control-')) continue;
    if (!holdsKey(value, key) && !holdsKey(name, key)) kept.push(name, value);
  }
  return kept;
}
