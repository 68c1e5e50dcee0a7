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
  // Decoded, so that no spelling of the path gets its tokens for nothing.
  const [plain = ''] = path.split('?', 1);
  const decoded = plain.includes('%') ? decodeURIComponent(plain) : plain;
  return /\/v1\/messages\/?$/i.test(decoded) ? 'tokens' : 'request';
}
