import { hopByHopHeaders } from './hopByHopHeaders.ts';

/** Headers as undici takes them; a plain array would lose repeated names on its way through a proxy. */
export interface HeaderLines {
  [Symbol.iterator](): IterableIterator<[string, string]>;
}

/** Headers that carry credentials, and those that undici writes or refuses. */
const replaced: ReadonlySet<string> = new Set(['x-api-key', 'authorization', 'host', 'expect']);

/**
 * The headers that go upstream: the agent's own in their order and casing, without those that end here and without
 * any copy of the session's token, and with the real key as `x-api-key` where the agent's credentials were.
 * @param rawHeaders alternating names and values as received.
 * @param token the session's token.
 * @param key the real key.
 */
export function upstreamHeaders(rawHeaders: readonly string[], token: string, key: string): HeaderLines {
  const ending = hopByHopHeaders(rawHeaders);
  const lines: [string, string][] = [];
  let keyIsOn = false;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    const lowerName = name.toLowerCase();
    if (replaced.has(lowerName)) {
      if (keyIsOn || (lowerName !== 'x-api-key' && lowerName !== 'authorization')) continue;
      lines.push([lowerName === 'x-api-key' ? name : 'x-api-key', key]);
      keyIsOn = true;
    } else if (!ending.has(lowerName) && !value.includes(token) && !name.includes(token)) {
      lines.push([name, value]);
    }
  }
  if (!keyIsOn) lines.push(['x-api-key', key]);
  return { [Symbol.iterator]: () => lines.values() };
}
