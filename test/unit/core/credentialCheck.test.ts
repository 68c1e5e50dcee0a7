import assert from 'node:assert/strict';
import { CredentialCheck, type CredentialState } from '../../../src/core/credentialCheck.ts';
import type { AuthTest } from '../../../src/core/quotaEngine.ts';
import { FakeClock, settled } from '../../fakes/fakeClock.ts';
import { apiKey, CoordinatorTester, fails, works } from './coordinatorTester.ts';
import { outcome } from './managerTester.ts';
import { watched } from './watched.ts';

function codeOf(check: CredentialCheck): string | undefined {
  return check.problem?.code;
}

describe('a check of credentials', () => {
  let clock: FakeClock;
  let check: CredentialCheck;
  let tests: PromiseWithResolvers<AuthTest>[];
  let found: AuthTest[];

  beforeEach(() => {
    clock = new FakeClock();
    tests = [];
    found = [];
    check = new CredentialCheck(
      clock,
      () => {
        const test = Promise.withResolvers<AuthTest>();
        tests.push(test);
        return test.promise;
      },
      (test) => found.push(test),
    );
    check.configure(apiKey);
  });

  /** Asks for the state, while the test that it makes, if any, finds this. */
  async function state(found: AuthTest): Promise<CredentialState> {
    const asked = check.state();
    tests.at(-1)?.resolve(found);
    const known = await asked;
    await settled();
    return known;
  }

  it('tests once, and believes it until something says otherwise', async () => {
    assert.deepEqual(await state(works), { kind: 'usable' });
    await clock.advance(24 * 3_600_000);
    assert.deepEqual(await check.state(), { kind: 'usable' });
    assert.equal(tests.length, 1);
  });

  it('needs no test when an agent’s request was answered well', async () => {
    check.confirmed();
    assert.deepEqual(await check.state(), { kind: 'usable' });
    assert.equal(tests.length, 0);
  });

  it('learns from requests that a failure has passed', async () => {
    assert.equal((await state(fails('key-rejected'))).kind, 'unusable');
    assert.equal(codeOf(check), 'key-rejected');
    check.confirmed();
    assert.equal(codeOf(check), undefined);
    assert.deepEqual(await check.state(), { kind: 'usable' });
    assert.equal(tests.length, 1);
  });

  it('only doubts a key that is rejected where a command prints another', async () => {
    check.configure({ ...apiKey, account: 'command print-key' });
    assert.equal((await state(fails('key-rejected'))).kind, 'doubtful');
    assert.equal(codeOf(check), 'key-rejected');
    await clock.advance(10_000);
    check.configure({ ...apiKey, account: 'command print-key', key: 'sk-ant-next' });
    assert.equal((await state(fails('key-malformed'))).kind, 'unusable');
  });

  it('tests again when a request was answered with 401', async () => {
    await state(works);
    check.doubted();
    check.doubted();
    assert.equal(codeOf(check), undefined, 'the key may be right and the request wrong');
    assert.equal((await state(fails('key-rejected'))).kind, 'unusable');
    assert.equal(tests.length, 2);
    check.doubted();
    assert.equal(codeOf(check), 'key-rejected', 'a doubt takes away no certainty');
  });

  it('waits three seconds for a test, and goes on without it', async () => {
    const asked = watched(check.state());
    await clock.advance(2999);
    assert.equal(asked.state, 'pending');
    await clock.advance(1);
    const known = await asked.promise;
    assert.equal(known.kind === 'doubtful' && known.problem.code, 'test-under-way');
    assert.equal(codeOf(check), undefined, 'nothing is known yet');
    const second = watched(check.state());
    await clock.advance(0);
    assert.equal(tests.length, 1, 'the test goes on, and is shared');
    tests[0]?.resolve(works);
    assert.deepEqual(await second.promise, { kind: 'usable' });
    assert.equal(clock.timers, 0);
    assert.deepEqual(await check.state(), { kind: 'usable' });
  });

  it('does not let wait again for an endpoint that was not there, and tests beside', async () => {
    assert.equal((await state(fails('endpoint-unreachable'))).kind, 'doubtful');
    await clock.advance(10_000);
    for (let times = 0; times < 2; times += 1) {
      const known = await check.state();
      assert.equal(known.kind === 'doubtful' && known.problem.code, 'endpoint-unreachable');
    }
    assert.equal(tests.length, 2);
    tests[1]?.resolve(works);
    await settled();
    assert.deepEqual(await check.state(), { kind: 'usable' });
  });

  it('waits again for a key that was rejected', async () => {
    await state(fails('key-rejected'));
    await clock.advance(10_000);
    const asked = watched(check.state());
    await settled();
    assert.equal(asked.state, 'pending');
    tests[1]?.resolve(works);
    assert.deepEqual(await asked.promise, { kind: 'usable' });
  });

  it('forgets everything when the credentials are others, a test under way too', async () => {
    const asked = watched(check.state());
    assert.equal(check.configure({ ...apiKey }), false);
    assert.equal(check.configure({ ...apiKey, key: 'another' }), true);
    tests[0]?.resolve(fails('key-rejected'));
    await asked.promise;
    assert.equal(codeOf(check), undefined);
    assert.deepEqual(await state(works), { kind: 'usable' });
    assert.equal(tests.length, 2);
  });

  it('forgets a failure that has passed with the upstream’s trouble, and no other', async () => {
    const transient = fails('name-not-found');
    assert.ok(transient.kind === 'fails');
    await state({ ...transient, problem: { ...transient.problem, transient: 'unreachable' } });
    check.reachable();
    assert.equal(codeOf(check), undefined);
    await state(fails('key-forbidden'));
    check.reachable();
    assert.equal(codeOf(check), 'key-forbidden');
  });

  it('tells what it found with the credentials that hold', async () => {
    const asked = watched(check.state());
    check.configure({ ...apiKey, key: 'another' });
    tests[0]?.resolve(fails('key-rejected'));
    await asked.promise;
    assert.deepEqual(found, []);
    await state(works);
    assert.deepEqual(found, [works]);
  });

  it('survives a test that throws', async () => {
    const asked = watched(check.state());
    tests[0]?.reject(new Error('the test is broken'));
    await settled();
    assert.equal(asked.state, 'rejected');
    assert.deepEqual(await state(works), { kind: 'usable' });
    assert.equal(clock.timers, 0);
  });
});

describe('what agents’ requests are answered', () => {
  it('tells whether the credentials work', async () => {
    const tester = new CoordinatorTester().configure();
    tester.test = () => Promise.resolve(fails('endpoint-unreachable'));
    const a = await tester.opened('a');
    assert.equal((await tester.coordinator.checkAuthHealth()).problems.length, 1);
    for (const [status, tests] of [
      [200, 1],
      [529, 1],
      [429, 1],
      [401, 2],
    ] as const) {
      await (await tester.reserve(a).promise).settle(outcome(undefined, { status }));
      const before = tester.clock.now();
      const auth = await tester.ask('b').promise;
      assert.ok(auth.kind === 'authenticated', auth.kind);
      await tester.coordinator.releaseSession(auth.sessionId);
      assert.equal(tester.tests, tests, `after ${status}`);
      assert.equal(tester.clock.now(), before);
    }
  });
});
