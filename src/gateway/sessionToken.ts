const longestToken = 512;

/**
 * The session token that a request's headers present: `x-api-key`, else a bearer token. Source: the API takes both, and
 * Claude Code sends ANTHROPIC_API_KEY as the one and ANTHROPIC_AUTH_TOKEN as the other.
 * @param rawHeaders alternating names and values as received.
 */
export function sessionTokenOf(rawHeaders: readonly string[]): string | undefined {
  let bearer: string | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase();
    const value = rawHeaders[index + 1] ?? '';
    if (name === 'x-api-key' && isTokenLike(value)) return value;
    if (name === 'authorization') bearer ??= /^bearer +(\S+)$/i.exec(value)?.[1];
  }
  return bearer !== undefined && isTokenLike(bearer) ? bearer : undefined;
}

function isTokenLike(value: string): boolean {
  return value.length <= longestToken && /^[\x21-\x7e]+$/.test(value);
}
