import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AdmissionRefusedError } from '../../../src/core/admission.ts';
import { longestHoldMs, retryAfterHoldSeconds } from '../../../src/core/longestHold.ts';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { settled } from '../../fakes/fakeClock.ts';
import { terms } from '../ledger/terms.ts';
import { ManagerTester, outcome } from './managerTester.ts';
import { propertyRuns } from './propertyRuns.ts';
import type { Watched } from './watched.ts';

describe('how long a request is held', () => {
  it('is what the setting says, and at most half of what the client waits', () => {
    assert.equal(longestHoldMs(180_000, undefined), 180_000);
    assert.equal(longestHoldMs(180_000, 600_000), 180_000);
    assert.equal(longestHoldMs(180_000, 120_000), 60_000);
    assert.equal(longestHoldMs(0, 120_000), 0);
  });

  it('is followed by a time after which Claude Code and the SDKs come back by themselves', () => {
    assert.equal(retryAfterHoldSeconds(undefined, 5000), 1);
    assert.equal(retryAfterHoldSeconds(5000, 5000), 1);
    assert.equal(retryAfterHoldSeconds(4000, 5000), 1);
    assert.equal(retryAfterHoldSeconds(6001, 5000), 2);
    assert.equal(retryAfterHoldSeconds(605_000, 5000), 60);
    fc.assert(
      fc.property(fc.option(fc.integer(), { nil: undefined }), fc.integer(), (nextAt, now) => {
        const seconds = retryAfterHoldSeconds(nextAt, now);
        assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60);
      }),
      propertyRuns,
    );
  });
});

describe('a quota manager', () => {
  const twoAMinute = apiKeyPlan({ requestsPerMinute: 2 });

  it('says when the line moves to a request that it has held in vain', async () => {
    const tester = new ManagerTester(twoAMinute);
    await tester.manager.configure(terms(twoAMinute), 10_000);
    const a = await tester.session();
    for (let count = 1; count <= 2; count += 1) await (await tester.reserve(a).promise).settle(outcome([1, 1]));
    const waiting = tester.reserve(a);
    await tester.clock.advance(10_000);
    assert.equal(refusal(waiting).retryAfterSeconds, 20, 'a request every 30 seconds');
  });

  it('holds a request for half of the time that its client says to wait', async () => {
    const tester = new ManagerTester(twoAMinute);
    const a = await tester.session();
    await tester.reserve(a).promise;
    await tester.reserve(a).promise;
    const waiting = tester.reserve(a, { patienceMs: 20_000 });
    await tester.clock.advance(9_999);
    assert.equal(waiting.state, 'pending');
    await tester.clock.advance(1);
    assert.match(refusal(waiting).message, /for 10 seconds/);
  });

  it('says to a request that it has held in vain that its session is paused, and how to go on', async () => {
    const tester = new ManagerTester(twoAMinute);
    await tester.manager.configure(terms(twoAMinute), 10_000);
    const a = await tester.session();
    await tester.manager.steer(a, { paused: true });
    const waiting = tester.reserve(a);
    await tester.clock.advance(9_999);
    assert.equal(waiting.state, 'pending', 'there is room, but not for a session that is paused');
    await tester.clock.advance(1);
    const { message, retryAfterSeconds } = refusal(waiting);
    assert.match(message, /for 10 seconds, because this session is paused\. Resume it .*, and try again\.$/);
    assert.equal(retryAfterSeconds, 1);
  });

  it('gives a request that was held in vain its place back when it comes again', async () => {
    const tester = new ManagerTester(apiKeyPlan({ requestsPerMinute: 1 }));
    const [a, b] = [await tester.session('a'), await tester.session('b')];
    const held = await tester.reserve(b).promise;
    const waiting = tester.reserve(a, { patienceMs: 60_000 });
    const later = [tester.reserve(b), tester.reserve(b)];
    await tester.clock.advance(30_000);
    assert.equal(waiting.state, 'rejected');
    const again = tester.reserve(a);
    await settled();
    await held.release();
    await settled();
    assert.deepEqual(
      [again, ...later].map(({ state }) => state),
      ['resolved', 'pending', 'pending'],
    );
  });
});

function refusal(watch: Watched<unknown>): AdmissionRefusedError {
  assert.equal(watch.state, 'rejected');
  assert.ok(watch.error instanceof AdmissionRefusedError, String(watch.error));
  return watch.error;
}
