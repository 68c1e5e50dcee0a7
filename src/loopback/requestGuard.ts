import type { LoopbackAnswer } from './loopbackAnswer.ts';

/** The most header lines that a request may have; a real one has some thirty. */
export const mostHeaderLines = 200;

/** Of a request, what is looked at before anything else. */
export interface RequestHead {
  readonly method: string;
  /** As received, for example `1.1`. */
  readonly httpVersion: string;
  /** Alternating names and values as received. */
  readonly rawHeaders: readonly string[];
}

/** TRACE would send the real key back in the body of its answer; what no API has is not tried out on the upstream. */
const servedMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/**
 * Refuses what no agent sends: requests for another host (DNS rebinding), requests of web pages, upgrades, and framing
 * that two readers might understand differently.
 * @param port the server's own.
 * @returns the answer to refuse with; undefined when there is nothing against the request.
 */
export function guardRequest(
  { method, httpVersion, rawHeaders }: RequestHead,
  port: number,
): LoopbackAnswer | undefined {
  if (rawHeaders.length >= 2 * mostHeaderLines) return refusal(431, 'The request has too many headers.');
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return refusal(400, 'Only HTTP/1.1 is served here.');
  if (!servedMethods.has(method)) return refusal(400, `The method ${method} is not served here.`);
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const value = rawHeaders[index + 1] ?? '';
    switch ((rawHeaders[index] ?? '').toLowerCase()) {
      case 'host':
        hosts += 1;
        if (!isOwnHost(value, port)) return refusal(403, "The Host header is not this server's.");
        break;
      case 'origin':
        return refusal(403, 'Web pages are not served here (the request has an Origin header).');
      case 'sec-fetch-site':
        if (value !== 'none')
          return refusal(403, 'Web pages are not served here (the request has a Sec-Fetch-Site header).');
        break;
      case 'upgrade':
        return refusal(400, 'Another protocol is not served here (the request has an Upgrade header).');
      case 'expect':
        if (value.toLowerCase() !== '100-continue')
          return refusal(417, 'The only expectation met here is 100-continue.');
        break;
      case 'transfer-encoding':
        // HTTP/1.0 has none, so that a reader of that version sees another end (RFC 9112 §6.1).
        if (httpVersion === '1.0') return refusal(400, 'A request of HTTP/1.0 has no transfer coding.');
        if (value.toLowerCase() !== 'chunked') return refusal(400, 'The only transfer coding served here is chunked.');
        break;
    }
  }
  return hosts === 1 ? undefined : refusal(400, 'The request must have one Host header.');
}

/** A refusal of something that no agent sends. */
export function refusal(status: 400 | 403 | 408 | 417 | 431, reason: string): LoopbackAnswer {
  const type = status === 403 ? 'permission_error' : 'invalid_request_error';
  return { status, type, message: `Agent Quota refused this request. ${reason}`, retry: 'never' };
}

function isOwnHost(host: string, port: number): boolean {
  return host === `127.0.0.1:${port}` || host.toLowerCase() === `localhost:${port}`;
}
