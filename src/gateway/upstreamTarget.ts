import type { UpstreamTarget } from '../core/credentials.ts';

/** A target that requests can be sent to. */
export interface UpstreamAddress {
  readonly origin: string;
  /** Goes before every path; empty or without a slash at its end. */
  readonly basePath: string;
  /** Name and port, for messages. */
  readonly host: string;
  readonly loopback: boolean;
  /** The real key, held in memory only; undefined where each agent's own login goes on as it is. */
  readonly key: string | undefined;
  /** See `UpstreamTarget`. */
  readonly renews: boolean;
}

/** @returns undefined for a base URL that no key may be sent to: neither https nor on this machine. */
export function upstreamAddress({ baseUrl, key, renews }: UpstreamTarget): UpstreamAddress | undefined {
  if (!URL.canParse(baseUrl)) return undefined;
  const url = new URL(baseUrl);
  const loopback = isLoopback(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback)) return undefined;
  return {
    origin: url.origin,
    basePath: url.pathname.replace(/\/+$/, ''),
    host: url.host,
    loopback,
    key,
    renews: renews === true,
  };
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}
