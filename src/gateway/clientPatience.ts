import { headerValue } from '../loopback/headerValue.ts';

/**
 * How long a client waits for the headers of its answer, in milliseconds; undefined when it does not say so. Source: the
 * official SDKs, which send their timeout in seconds as `x-stainless-timeout`; Claude Code's is `API_TIMEOUT_MS`.
 */
export function clientPatienceMs(rawHeaders: readonly string[]): number | undefined {
  const value = headerValue(rawHeaders, 'x-stainless-timeout')?.trim() ?? '';
  return /^\d{1,7}(\.\d+)?$/.test(value) && Number(value) > 0 ? Number(value) * 1000 : undefined;
}
