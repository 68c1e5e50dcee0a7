import assert from 'node:assert/strict';
import type { UpstreamTarget } from '../../../src/core/credentials.ts';
import { currentAddress } from '../../../src/gateway/currentAddress.ts';
import { type UpstreamHealth, UpstreamHealthWatch } from '../../../src/gateway/upstreamHealth.ts';
import type { UpstreamAddress } from '../../../src/gateway/upstreamTarget.ts';

const first: UpstreamTarget = { baseUrl: 'https://api.test', key: 'first' };
const path = '/v1/messages?beta=true';

describe('UpstreamHealthWatch', () => {
  let target: UpstreamTarget | undefined;
  let address: () => UpstreamAddress;
  let watch: UpstreamHealthWatch;
  let told: string[];
  beforeEach(() => {
    target = first;
    told = [];
    const current = currentAddress(() => target);
    address = () => current() ?? assert.fail('There is no address.');
    watch = new UpstreamHealthWatch((health: UpstreamHealth) => {
      told.push(health.kind === 'troubled' ? health.problem.code : health.kind);
    }, current);
  });
  const answered = (...statuses: number[]): void => {
    for (const status of statuses) watch.answered(address(), status, path);
  };

  it('tells each failure, and the first good answer after it', () => {
    answered(200, 200, 503, 503, 200, 200, 500, 401, 200, 404);
    assert.deepEqual(told, [
      ...['upstream-overloaded', 'upstream-overloaded', 'reachable'],
      ...['upstream-failing', 'key-rejected', 'reachable'],
    ]);
  });

  it('takes any answer of its own for a sign of life, but only one to the key for its acceptance', () => {
    answered(502, 404, 401, 404, 403);
    watch.answered(address(), 200, '/api/hello');
    assert.deepEqual(told, ['upstream-failing', 'reachable', 'key-rejected']);
    answered(429);
    assert.equal(told.at(-1), 'reachable');
  });

  it('starts anew with another key or base URL', () => {
    answered(401);
    target = { ...first, key: 'second' };
    answered(400);
    assert.deepEqual(told, ['key-rejected', 'reachable']);
    answered(401);
    target = { ...target, baseUrl: 'https://other.test' };
    answered(401, 200);
    assert.deepEqual(told.slice(2), ['key-rejected', 'reachable', 'key-rejected', 'reachable']);
  });

  it('hears nothing of what an earlier key or base URL still answers', () => {
    const earlier = address();
    target = { ...first, key: 'second' };
    watch.answered(earlier, 401, path);
    answered(500);
    watch.answered(earlier, 200, path);
    target = undefined;
    watch.answered(earlier, 500, path);
    assert.deepEqual(told, ['upstream-failing']);
  });

  it('starts nothing anew for the same target in another object', () => {
    answered(500);
    target = { ...first };
    answered(500, 200);
    assert.deepEqual(told, ['upstream-failing', 'upstream-failing', 'reachable']);
  });
});

describe('currentAddress', () => {
  it('gives none for what no key may be sent to', () => {
    for (const target of [
      undefined,
      { baseUrl: 'http://example.com', key: 'k' },
      { baseUrl: 'https://a.test', key: 'a\nb' },
    ]) {
      assert.equal(currentAddress(() => target)(), undefined);
    }
  });
});
