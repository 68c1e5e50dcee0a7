import assert from 'node:assert/strict';
import { readLimitReport } from '../../../src/gateway/limitReport.ts';

const now = Date.parse('2026-01-01T00:00:00Z');

describe('readLimitReport', () => {
  it('reads each limit that is whole', () => {
    const raw = [
      ...['Anthropic-RateLimit-Requests-Limit', '50', 'anthropic-ratelimit-requests-remaining', '49'],
      ...[
        'anthropic-ratelimit-requests-reset',
        '2026-01-01T00:00:12Z',
        'anthropic-ratelimit-input-tokens-limit',
        '30000',
      ],
      ...['anthropic-ratelimit-input-tokens-remaining', '29000', 'anthropic-ratelimit-output-tokens-limit', '8000'],
      ...['anthropic-ratelimit-tokens-limit', 'many', 'anthropic-ratelimit-tokens-remaining', '-1'],
      ...['anthropic-ratelimit-unified-5h-utilization', '0.2', 'retry-after', '9'],
    ];
    assert.deepEqual(readLimitReport(200, raw, now), {
      limits: [
        { dimension: 'requestsPerMinute', limit: 50, remaining: 49, resetsAt: now + 12_000 },
        { dimension: 'inputTokensPerMinute', limit: 30_000, remaining: 29_000, resetsAt: undefined },
      ],
      retryAfterMs: undefined,
      limited: false,
    });
  });

  it('says nothing when the answer says nothing', () => {
    assert.equal(readLimitReport(200, ['content-type', 'x'], now), undefined);
    assert.equal(readLimitReport(500, ['retry-after', '3'], now), undefined);
  });

  it('reads retry-after as seconds or a date on 429 and 529', () => {
    const retryAfter = (value: string, status = 429, ...more: string[]): number | undefined =>
      readLimitReport(status, ['Retry-After', value, ...more], now)?.retryAfterMs;
    assert.equal(retryAfter('3'), 3000);
    assert.equal(retryAfter('0.5', 529), 500);
    assert.equal(retryAfter('Thu, 01 Jan 2026 00:01:00 GMT'), 60_000);
    assert.equal(retryAfter('Thu, 01 Jan 2026 00:01:00 GMT', 429, 'date', 'Thu, 01 Jan 2026 00:00:50 GMT'), 10_000);
    assert.equal(retryAfter('Thu, 01 Jan 2020 00:01:00 GMT'), 0);
    assert.equal(retryAfter('soon'), undefined);
    assert.deepEqual(readLimitReport(429, [], now), { limits: [], retryAfterMs: undefined, limited: true });
  });
});
