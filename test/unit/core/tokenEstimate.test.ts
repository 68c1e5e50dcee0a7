import assert from 'node:assert/strict';
import { TokenEstimator } from '../../../src/core/tokenEstimate.ts';
import { tokens } from '../ledger/ledgerTester.ts';

describe('token estimate', () => {
  it('guesses for a new session, from the length of the body', () => {
    const estimator = new TokenEstimator();
    assert.deepEqual(estimator.estimate('a', 4000), { inputTokens: 1000, outputTokens: 500 });
    assert.deepEqual(estimator.estimate('a', undefined), { inputTokens: 12_500, outputTokens: 500 });
    assert.deepEqual(estimator.estimate('a', 0), { inputTokens: 0, outputTokens: 500 });
  });

  it('comes close to what a session really uses, and leaves others alone', () => {
    const estimator = new TokenEstimator();
    for (let times = 0; times < 30; times += 1) {
      estimator.learn('a', 1000, tokens(40, 90, { cacheCreation5mTokens: 10, cacheReadTokens: 9999 }));
    }
    const { inputTokens, outputTokens } = estimator.estimate('a', 2000);
    assert.ok(inputTokens >= 100 && inputTokens <= 102, `${inputTokens}`);
    assert.ok(outputTokens >= 90 && outputTokens <= 92, `${outputTokens}`);
    assert.deepEqual(estimator.estimate('b', 4000), { inputTokens: 1000, outputTokens: 500 });
  });

  it('learns no rate from a body without a length', () => {
    const estimator = new TokenEstimator();
    estimator.learn('a', undefined, tokens(10, 0));
    estimator.learn('a', 0, tokens(10, 0));
    assert.equal(estimator.estimate('a', 4000).inputTokens, 1000);
  });

  it('forgets the session unheard of for longest', () => {
    const estimator = new TokenEstimator();
    estimator.learn('first', 1000, tokens(1000, 0));
    estimator.learn('second', 1000, tokens(1000, 0));
    for (let index = 0; index < 1998; index += 1) estimator.learn(`s${index}`, 1000, tokens(1, 1));
    estimator.learn('first', 1000, tokens(1000, 0));
    estimator.learn('last', 1000, tokens(1, 1));
    assert.equal(estimator.estimate('second', 4000).inputTokens, 1000);
    assert.ok(estimator.estimate('first', 4000).inputTokens > 2000);
  });
});
