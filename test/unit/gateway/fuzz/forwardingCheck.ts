import assert from 'node:assert/strict';
import { liveToken } from '../fakeAdmission.ts';
import { realKey } from '../gatewayFixture.ts';
import type { ReadRequest } from './streamReader.ts';
import type { SeenRequest } from './watchedUpstream.ts';

/** Written by the gateway's own HTTP client, or not for the upstream (RFC 9110 §7.6.1). */
const notCompared: ReadonlySet<string> = new Set([
  ...['host', 'content-length', 'transfer-encoding', 'connection', 'keep-alive', 'te', 'trailer', 'upgrade', 'expect'],
  ...['proxy-connection', 'x-api-key', 'authorization'],
]);

/** Whether a request that the upstream got can be the one that was read. */
export function isForwarded(seen: SeenRequest, read: ReadRequest): boolean {
  if (seen.method !== read.method || seen.url !== read.path) return false;
  const prefix = read.body.subarray(0, seen.body.length);
  return seen.state === 'whole' ? read.complete && read.body.equals(seen.body) : prefix.equals(seen.body);
}

/** Whatever a request was before, it must reach the upstream like this. */
export function checkSeen({ method, url, rawHeaders, trailers }: SeenRequest, upstream: string): void {
  const lines = pairs(rawHeaders);
  const values = (wanted: string): string[] =>
    lines.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
  // Which of the two carries it is tested by itself.
  const credentials = [...values('x-api-key'), ...values('authorization').map((value) => value.replace('Bearer ', ''))];
  assert.deepEqual(credentials, [realKey], 'the real key, once');
  assert.deepEqual(values('host'), [new URL(upstream).host], 'the upstream’s name, once');
  for (const name of ['te', 'trailer', 'upgrade', 'expect', 'proxy-authorization', 'origin']) {
    assert.deepEqual(values(name), [], name);
  }
  assert.ok(values('content-length').length + values('transfer-encoding').length <= 1, 'one length');
  assert.deepEqual(trailers, []);
  assert.ok(!JSON.stringify([method, url, rawHeaders]).includes(liveToken), 'the session’s token');
  assert.ok(!['TRACE', 'CONNECT'].includes(method));
  const target = new URL(url, upstream);
  assert.equal(target.origin, upstream);
  const [path = ''] = url.split('?', 1);
  assert.ok(!/\/\/|\\|\/\.\.?(?:\/|$)/.test(decodeURIComponent(path)), url);
}

/** What is neither a credential nor for this hop alone goes on in its order and spelling. */
export function checkHeaders(seen: SeenRequest, read: ReadRequest): void {
  const named = read.headers
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.toLowerCase().split(/\s*,\s*/));
  const compared = (lines: readonly (readonly [string, string])[]): string[] =>
    lines
      .filter(([name, value]) => {
        const lower = name.toLowerCase();
        return !notCompared.has(lower) && !named.includes(lower) && !value.includes(liveToken);
      })
      .map(([name, value]) => `${name}: ${value}`);
  assert.deepEqual(compared(pairs(seen.rawHeaders)), compared(read.headers));
}

function pairs(rawHeaders: readonly string[]): [string, string][] {
  return Array.from({ length: rawHeaders.length / 2 }, (_, at) => [
    rawHeaders[2 * at] ?? '',
    rawHeaders[2 * at + 1] ?? '',
  ]);
}
