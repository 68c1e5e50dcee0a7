import { headerValue } from '../loopback/headerValue.ts';
import { hopByHopHeaders } from './hopByHopHeaders.ts';

/** Headers as undici takes them; a plain array would lose repeated names on its way through a proxy. */
export interface HeaderLines {
  [Symbol.iterator](): IterableIterator<[string, string]>;
}

/** Headers that carry credentials, and those that undici writes or refuses. */
const replaced: ReadonlySet<string> = new Set(['x-api-key', 'authorization', 'host', 'expect']);

/** Up to this version of the API a bearer token is a login, and keys go as `x-api-key`. */
const lastVersionOfApiKeyHeader = '2023-06-01';

/**
 * The headers that go upstream: the agent's own in their order and casing, without those that end here and without
 * any copy of the session's token, and with the real key where the agent's credentials were. It is in `x-api-key`, or
 * where a client of a later API version has put it. Source: the SDKs, which send keys as bearer tokens since 2026-10-21.
 * @param rawHeaders alternating names and values as received.
 * @param token the session's token.
 * @param key the real key; undefined where the agent's `authorization` is a login of its own, which stays as it is.
 */
export function upstreamHeaders(rawHeaders: readonly string[], token: string, key: string | undefined): HeaderLines {
  const ending = hopByHopHeaders(rawHeaders);
  const lines: [string, string][] = [];
  const asBearer = headerValue(rawHeaders, 'x-api-key') === undefined && takesKeyAsBearer(rawHeaders);
  let keyIsOn = false;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    const lowerName = name.toLowerCase();
    if (key === undefined ? lowerName !== 'authorization' && replaced.has(lowerName) : replaced.has(lowerName)) {
      if (key === undefined || keyIsOn || (lowerName !== 'x-api-key' && lowerName !== 'authorization')) continue;
      if (asBearer) lines.push([name, `Bearer ${key}`]);
      else lines.push([lowerName === 'x-api-key' ? name : 'x-api-key', key]);
      keyIsOn = true;
    } else if (!ending.has(lowerName) && !value.includes(token) && !name.includes(token)) {
      lines.push([name, value]);
    }
  }
  if (key !== undefined && !keyIsOn) lines.push(['x-api-key', key]);
  return { [Symbol.iterator]: () => lines.values() };
}

/** Versions are dates. */
function takesKeyAsBearer(rawHeaders: readonly string[]): boolean {
  const version = headerValue(rawHeaders, 'anthropic-version') ?? '';
  return /^\d{4}-\d\d-\d\d$/.test(version) && version > lastVersionOfApiKeyHeader;
}
