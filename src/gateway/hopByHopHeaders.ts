/**
 * Headers that mean something to the next hop only. Source: RFC 9110 §7.6.1 and §11.7; `trailer` goes with the trailers,
 * which are not forwarded.
 */
const always: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * The names, in lower case, of the headers that end here: those above and those that `Connection` names.
 * @param rawHeaders alternating names and values.
 */
export function hopByHopHeaders(rawHeaders: readonly string[]): ReadonlySet<string> {
  let names = always;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length !== 'connection'.length || name.toLowerCase() !== 'connection') continue;
    const value = rawHeaders[index + 1] ?? '';
    if (value === 'keep-alive' || value === 'close') continue;
    const named = value
      .toLowerCase()
      .split(',')
      .map((name) => name.trim());
    if (named.every((name) => name === '' || name === 'close' || always.has(name))) continue;
    names = new Set([...names, ...named]);
  }
  return names;
}
