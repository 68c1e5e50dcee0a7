import type { IncomingHttpHeaders } from 'node:http';

/** Headers as undici reports them, as alternating names and values. Bytes stay as they are (latin1), as Node writes them. */
export function rawHeaderList(headers: readonly (Buffer | string)[] | IncomingHttpHeaders): string[] {
  if (isList(headers)) return headers.map((part) => (typeof part === 'string' ? part : part.toString('latin1')));
  return Object.entries(headers).flatMap(([name, value]) => [value ?? []].flat().flatMap((each) => [name, each]));
}

function isList(headers: readonly (Buffer | string)[] | IncomingHttpHeaders): headers is readonly (Buffer | string)[] {
  return Array.isArray(headers);
}
