import assert from 'node:assert/strict';
import type { LimitReport } from '../../../src/core/admission.ts';
import { readLimitReport } from '../../../src/gateway/limitReport.ts';
import { unifiedHeaders } from '../../fakes/unifiedHeaders.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const soon = now / 1000 + 3600;

/** What an answer to a message says. */
const read = (status: number, rawHeaders: readonly string[], model = 'claude-x'): LimitReport | undefined =>
  readLimitReport({ status, rawHeaders, isMessage: true, model }, now);

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
    assert.deepEqual(read(200, raw), {
      limits: [
        { dimension: 'requestsPerMinute', limit: 50, remaining: 49, resetsAt: now + 12_000 },
        { dimension: 'inputTokensPerMinute', limit: 30_000, remaining: 29_000, resetsAt: undefined },
      ],
      retryAfterMs: undefined,
      limited: false,
      model: 'claude-x',
      windows: [],
    });
  });

  it('says nothing when the answer says nothing', () => {
    assert.equal(read(200, ['content-type', 'x']), undefined);
    assert.equal(read(500, ['retry-after', '3']), undefined);
  });

  it('reads retry-after as seconds or a date on 429 and 529', () => {
    const retryAfter = (value: string, status = 429, ...more: string[]): number | undefined =>
      read(status, ['Retry-After', value, ...more])?.retryAfterMs;
    assert.equal(retryAfter('3'), 3000);
    assert.equal(retryAfter('0.5', 529), 500);
    assert.equal(retryAfter('Thu, 01 Jan 2026 00:01:00 GMT'), 60_000);
    assert.equal(retryAfter('Thu, 01 Jan 2026 00:01:00 GMT', 429, 'date', 'Thu, 01 Jan 2026 00:00:50 GMT'), 10_000);
    assert.equal(retryAfter('Thu, 01 Jan 2020 00:01:00 GMT'), 0);
    assert.equal(retryAfter('soon'), undefined);
    assert.deepEqual(read(429, []), {
      limits: [],
      retryAfterMs: undefined,
      limited: true,
      model: 'claude-x',
      windows: [],
    });
  });

  it('takes no limit below 1, which some gateways send for one that they do not know', () => {
    for (const limit of ['0', '00', '-1', '0.5', '']) {
      const raw = ['anthropic-ratelimit-requests-limit', limit, 'anthropic-ratelimit-requests-remaining', '0'];
      assert.equal(read(200, raw), undefined);
      assert.deepEqual(read(429, raw)?.limits, []);
    }
  });

  it('leaves other endpoints their limits, also when one is hit, and heeds an overload', () => {
    const rawHeaders = [
      ...['anthropic-ratelimit-requests-limit', '100', 'anthropic-ratelimit-requests-remaining', '0'],
      ...['retry-after', '2'],
    ];
    const other = (status: number): LimitReport | undefined =>
      readLimitReport({ status, rawHeaders, isMessage: false, model: undefined }, now);
    assert.equal(other(200), undefined);
    assert.equal(other(429), undefined);
    assert.deepEqual(other(529), { limits: [], retryAfterMs: 2000, limited: false, model: undefined, windows: [] });
  });

  it('reads a subscription’s windows', () => {
    const raw = Object.entries(
      unifiedHeaders({
        fiveHour: { utilization: 0.235, resetsAt: soon, status: 'allowed_warning' },
        sevenDay: { utilization: 1.01, resetsAt: soon + 86_400, status: 'rejected' },
      }),
    ).flatMap(([name, value]) => [name.toUpperCase(), value]);
    assert.deepEqual(read(200, raw)?.windows, [
      { name: 'fiveHour', utilization: 0.235, resetsAt: soon * 1000, rejected: false, reportedAt: now },
      { name: 'sevenDay', utilization: 1.01, resetsAt: (soon + 86_400) * 1000, rejected: true, reportedAt: now },
    ]);
  });

  it('takes no window that is not whole or cannot be', () => {
    const window = (utilization: string, reset: string): unknown =>
      read(200, [
        ...['anthropic-ratelimit-unified-5h-utilization', utilization, 'anthropic-ratelimit-unified-5h-reset', reset],
        ...['anthropic-ratelimit-unified-5h-status', 'allowed', 'anthropic-ratelimit-unified-7d-utilization', '0.5'],
        ...['anthropic-ratelimit-unified-9d-reset', '1', 'anthropic-ratelimit-unified-reset', String(soon)],
      ]);
    for (const [utilization, reset] of [
      ['', String(soon)],
      ['-0.1', String(soon)],
      ['NaN', String(soon)],
      ['1e3', String(soon)],
      ['50%', String(soon)],
      ['0.5', ''],
      ['0.5', '0'],
      ['0.5', 'tomorrow'],
      ['0.5', '2026-01-01T01:00:00Z'],
      // Milliseconds.
      ['0.5', String(soon * 1000)],
    ] as const) {
      assert.equal(window(utilization, reset), undefined, `${utilization} ${reset}`);
    }
    assert.notEqual(window('0.5', String(soon)), undefined);
  });
});
