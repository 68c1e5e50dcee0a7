/** What a request asks for, or why that is not served. */
export type RequestTarget =
  | {
      readonly kind: 'usable';
      /** The path with its query, without the session's prefix. */
      readonly path: string;
      /** The session token of a `/s/<token>` prefix. */
      readonly token: string | undefined;
    }
  | { readonly kind: 'refused'; readonly reason: string };

const sessionPrefix = /^\/s\/([A-Za-z0-9._~-]{1,512})(?=\/|$)/;
/** A slash, backslash or control character in disguise, or a dot, slash or backslash encoded twice. */
const disguised = /%(?:2f|5c|[01][0-9a-f]|7f|25(?:25)*(?:2e|2f|5c))/i;

/**
 * Reads a request line's target. Only the plain origin form is served: whatever could be read as another host or
 * another path by someone further on is refused, so that only the configured upstream's own paths are ever called.
 * @param target as received.
 */
export function readTarget(target: string): RequestTarget {
  if (!target.startsWith('/')) return refused('Only paths are served here, not other addresses.');
  if (!/^[\x21-\x7e]+$/.test(target) || target.includes('#'))
    return refused('The path has a character that no URL has.');
  const queryAt = target.indexOf('?');
  const path = queryAt === -1 ? target : target.slice(0, queryAt);
  if (path.includes('//')) return refused('The path has an empty segment ("//").');
  if (decode(path) === undefined) return refused('The path has a "%" that encodes nothing.');
  const reason = misleading(path);
  if (reason !== undefined) return refused(reason);
  const prefix = sessionPrefix.exec(path);
  const rest = prefix === null ? target : target.slice(prefix[0].length);
  return { kind: 'usable', path: rest.startsWith('/') ? rest : `/${rest}`, token: prefix?.[1] };
}

/** How often a path may be encoded; no client encodes one more than twice. */
const mostEncoded = 5;

/** What makes a path another one for whoever decodes it, however often. */
function misleading(path: string): string | undefined {
  let form = path;
  for (let times = 0; times <= mostEncoded; times += 1) {
    if (form.includes('\\') || disguised.test(form)) return 'The path has an encoded slash, backslash or dot.';
    const decoded = decode(form);
    if (decoded?.split('/').some((segment) => /^\.\.?(?:;|$)/.test(segment)) === true)
      return 'The path has a "." segment.';
    if (decoded === undefined || decoded === form) return undefined;
    form = decoded;
  }
  return 'The path is encoded again and again.';
}

function refused(reason: string): RequestTarget {
  return { kind: 'refused', reason };
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
