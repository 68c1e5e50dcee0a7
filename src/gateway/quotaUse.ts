/** What a request takes from the plan: a request and tokens, a request alone, or nothing. */
export type QuotaUse = 'tokens' | 'request' | 'none';

/**
 * Tells by method and path what a request takes. Only `POST …/v1/messages` makes the model write; whatever else changes
 * something (`count_tokens`, batches, files, paths not known yet) counts as a request, reading and deleting as nothing.
 * @param path as sent upstream, query allowed.
 */
export function quotaUseOf(method: string, path: string): QuotaUse {
  if (method === 'GET' || method === 'HEAD' || method === 'DELETE' || method === 'OPTIONS') return 'none';
  if (method !== 'POST') return 'request';
  return /\/v1\/messages\/?$/i.test(plainPath(path)) ? 'tokens' : 'request';
}

/** A path without its query, decoded: no spelling of it gets its tokens for nothing. */
export function plainPath(path: string): string {
  const [plain = ''] = path.split('?', 1);
  return plain.includes('%') ? decodeURIComponent(plain) : plain;
}
