import { AnthropicError } from './anthropicError.ts';
import type { ForcedFault } from './upstreamBehaviour.ts';

type StatusFault = Extract<ForcedFault, { kind: 'status' }>;
type ErrorEventFault = Extract<ForcedFault, { kind: 'errorEvent' }>;

/** The error answer of a forced status, with the API's wording. */
export function statusFaultError({ status, retryAfterSeconds }: StatusFault): AnthropicError {
  const headers: Record<string, string> =
    retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  switch (status) {
    case 401:
      return new AnthropicError('authentication_error', 'invalid x-api-key', headers);
    case 403:
      return new AnthropicError(
        'permission_error',
        'Your API key does not have permission to use the specified resource.',
        headers,
      );
    case 429:
      return new AnthropicError(
        'rate_limit_error',
        "This request would exceed your account's rate limit. Please try again later.",
        headers,
      );
    case 500:
      return new AnthropicError('api_error', 'Internal server error', headers);
    case 529:
      return new AnthropicError('overloaded_error', 'Overloaded', headers);
  }
}

/** The error of an `error` event, and of its like for a request that does not stream. */
export function eventFaultError({ errorType = 'overloaded_error' }: ErrorEventFault): AnthropicError {
  return new AnthropicError(errorType, errorType === 'api_error' ? 'Internal server error' : 'Overloaded');
}
