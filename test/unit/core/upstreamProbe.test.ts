import assert from 'node:assert/strict';
import type { Problem } from '../../../src/core/credentials.ts';
import type { AuthTest } from '../../../src/core/quotaEngine.ts';
import { directNetwork } from '../../../src/core/upstreamNetwork.ts';
import { apiKey, CoordinatorTester, fails, works } from './coordinatorTester.ts';

const down: Problem = {
  code: 'connection-refused',
  severity: 'error',
  message: 'It refuses.',
  nextStep: 'Look at it.',
  transient: 'unreachable',
};
const overloaded: Problem = { ...down, code: 'upstream-overloaded', severity: 'warning', transient: 'failing' };

describe('an upstream in trouble', () => {
  let tester: CoordinatorTester;
  beforeEach(() => {
    tester = new CoordinatorTester().configure();
    tester.test = () => Promise.resolve<AuthTest>({ kind: 'fails', problem: down });
  });
  afterEach(() => tester.coordinator.dispose());

  async function codes(): Promise<string[]> {
    return (await tester.coordinator.checkAuthHealth()).problems.map(({ code }) => code);
  }

  it('is looked at less and less often while nobody asks it, and seen when it is back', async () => {
    tester.upstream.trouble(down);
    const after: number[] = [];
    for (let second = 1; second <= 300; second += 1) {
      const before = tester.tests;
      await tester.clock.advance(1000);
      if (tester.tests > before) after.push(second);
    }
    assert.deepEqual(after, [5, 15, 35, 75, 135, 195, 255]);
    assert.deepEqual(await codes(), ['connection-refused'], 'told once, by whoever found it');
    tester.test = () => Promise.resolve(works);
    await tester.clock.advance(60_000);
    assert.deepEqual(await codes(), []);
    const { tests } = tester;
    await tester.clock.advance(3_600_000);
    assert.equal(tester.tests, tests, 'a healthy upstream is not asked');
  });

  it('is not looked at while requests tell, nor when it is well', async () => {
    await tester.clock.advance(600_000);
    for (let second = 0; second < 60; second += 1) {
      tester.upstream.trouble(down);
      await tester.clock.advance(1000);
    }
    assert.equal(tester.tests, 0);
    tester.upstream.trouble(undefined);
    await tester.clock.advance(600_000);
    assert.equal(tester.tests, 0);
  });

  it('that answers with failures is believed to be well after a minute without one', async () => {
    tester.test = () => Promise.resolve(works);
    tester.upstream.trouble(overloaded);
    await tester.clock.advance(59_999);
    assert.deepEqual([tester.tests, await codes()], [0, ['upstream-overloaded']]);
    await tester.clock.advance(1);
    assert.deepEqual([tester.tests, await codes()], [1, []]);
  });

  it('is looked at when the first session found it so, and the next needs no warning', async () => {
    const auth = await tester.ask('agent').promise;
    assert.equal(auth.kind === 'authenticated' && auth.warning?.code, 'connection-refused');
    assert.deepEqual(await codes(), ['connection-refused']);
    tester.test = () => Promise.resolve(works);
    await tester.clock.advance(5000);
    assert.deepEqual(await codes(), []);
    const next = await tester.ask('next').promise;
    assert.ok(next.kind === 'authenticated' && next.warning === undefined);
  });

  it('is looked at at once when it is reached in another way', async () => {
    tester.upstream.trouble(down);
    await tester.clock.advance(70_000);
    const { tests } = tester;
    tester.test = () => Promise.resolve(works);
    tester.configure();
    await tester.clock.advance(0);
    assert.equal(tester.tests, tests, 'nothing has changed');
    tester.configure(apiKey, { network: { ...directNetwork, proxy: { url: 'http://proxy.test:3128' } } });
    await tester.clock.advance(0);
    assert.deepEqual([tester.tests, await codes()], [tests + 1, []]);
  });

  it('is another matter than a rejected key, which no waiting helps', async () => {
    tester.upstream.trouble(down);
    tester.test = () => Promise.resolve(fails('key-rejected'));
    await tester.clock.advance(5000);
    assert.deepEqual(await codes(), ['key-rejected']);
    await tester.clock.advance(600_000);
    assert.equal(tester.tests, 1);
  });

  it('is looked at again also when the look itself fails', async () => {
    tester.upstream.trouble(down);
    tester.test = () => Promise.reject(new Error('a fault'));
    await tester.clock.advance(15_000);
    assert.equal(tester.tests, 2);
    await tester.coordinator.dispose();
    await tester.clock.advance(600_000);
    assert.equal(tester.tests, 2);
  });
});
