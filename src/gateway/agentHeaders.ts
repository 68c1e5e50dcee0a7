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

/**
 * A rejection of the real key is for the user to put right, and Claude Code would ask again for more than a minute
 * without a word. The upstream's own header, if it sends one, stays as it is; not so where the key `renews`: there will
 * be another one. Source: the official SDKs, which heed `x-should-retry` and ask no 401 again without it; Claude Code
 * 2.1.330 then ended after one request and half a second.
 */
export function tellOfRetry(headers: string[], renews: boolean): void {
  const own = headers.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'x-should-retry');
  if (own === -1) headers.push('x-should-retry', String(renews));
  else if (renews) headers[own + 1] = 'true';
}
