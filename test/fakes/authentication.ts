import { AnthropicError } from './anthropicError.ts';
import type { ServedRequest } from './servedLog.ts';
import type { UpstreamBehaviour } from './upstreamBehaviour.ts';

/**
 * Lets in requests whose key is accepted and that name an API version.
 *
 * @throws AnthropicError 401 or 400, worded as the API words them
 */
export function authenticate({ key, headers }: ServedRequest, { acceptedKeys }: UpstreamBehaviour): void {
  if (key === '') {
    throw new AnthropicError('authentication_error', 'x-api-key header is required');
  }
  if (acceptedKeys !== 'any' && !acceptedKeys.includes(key)) {
    const wording = headers['x-api-key'] === undefined ? 'Invalid bearer token' : 'invalid x-api-key';
    throw new AnthropicError('authentication_error', wording);
  }
  if (headers['anthropic-version'] === undefined) {
    throw new AnthropicError('invalid_request_error', 'anthropic-version: header is required');
  }
}
