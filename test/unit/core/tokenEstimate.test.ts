import assert from 'node:assert/strict';
import type { AdmissionAsk } from '../../../src/core/admission.ts';
import { outputReserve, TokenEstimator } from '../../../src/core/tokenEstimate.ts';
import { noUsage, type Usage } from '../../../src/core/usage.ts';

function ask(sessionId: string, bodyBytes: number | undefined, more: Partial<AdmissionAsk> = {}): AdmissionAsk {
  return { sessionId, usesTokens: true, bodyBytes, ...more };
}

/** A turn that sends so many bytes at 5 bytes a token, of which the prompt cache has what was sent before. */
function turn(bytes: number, sentBefore: number, outputTokens: number): Usage {
  return { ...noUsage, inputTokens: (bytes - sentBefore) / 5, cacheReadTokens: sentBefore / 5, outputTokens };
}

describe('token estimate', () => {
  it('begins with four bytes a token', () => {
    const estimator = new TokenEstimator();
    assert.deepEqual(estimator.estimate(ask('a', 4000)), {
      inputTokens: 1000,
      mostInputTokens: 1000,
      outputTokens: 500,
      mostOutputTokens: Infinity,
      outputDeviation: 500,
    });
    assert.ok(estimator.estimate(ask('a', undefined)).inputTokens > 10_000, 'a body of unknown length is no small one');
    assert.equal(estimator.estimate(ask('a', 0)).inputTokens, 0);
  });

  it('takes what is longer than the usual context for pictures, until a request with more is seen', () => {
    const estimator = new TokenEstimator();
    const tenMegabytes = ask('a', 10_000_000);
    const { inputTokens, mostInputTokens } = estimator.estimate(tenMegabytes);
    assert.deepEqual([inputTokens, mostInputTokens], [200_000, 200_000]);
    estimator.learn(ask('b', 1_600_000), { ...noUsage, inputTokens: 400_000 });
    assert.equal(estimator.estimate(tenMegabytes).inputTokens, 800_000);
  });

  it('expects no more output than the request allows', () => {
    const estimator = new TokenEstimator();
    assert.equal(estimator.estimate(ask('a', 4000, { maxTokens: 64 })).outputTokens, 64);
    assert.equal(estimator.estimate(ask('a', 4000, { maxTokens: 32_000 })).outputTokens, 500);
  });

  it('expects of a growing conversation what has come since, and at most the whole', () => {
    const estimator = new TokenEstimator();
    let before = 0;
    for (let bytes = 50_000; bytes <= 150_000; bytes += 5000) {
      estimator.learn(ask('a', bytes), turn(bytes, before, 300));
      before = bytes;
    }
    const { inputTokens, mostInputTokens, outputTokens } = estimator.estimate(ask('a', before + 5000));
    assert.ok(Math.abs(inputTokens - 1000) < 20, `${inputTokens} of 1000`);
    assert.ok(Math.abs(mostInputTokens - 31_000) < 200, `${mostInputTokens} of 31000`);
    assert.ok(Math.abs(outputTokens - 300) < 5, `${outputTokens} of 300`);
  });

  it('knows the conversations of a session’s subagents apart by their length', () => {
    const estimator = new TokenEstimator();
    estimator.learn(ask('a', 200_000), turn(200_000, 0, 100));
    estimator.learn(ask('a', 50_000), turn(50_000, 0, 100));
    const inputOf = (bytes: number): number => estimator.estimate(ask('a', bytes)).inputTokens;
    assert.ok(inputOf(205_000) < 2000);
    assert.ok(inputOf(55_000) < 2000);
    assert.ok(inputOf(40_000) > 7000, 'shorter than all before: a conversation of its own');
  });

  it('learns of a model from all its sessions, and leaves other models alone', () => {
    const estimator = new TokenEstimator();
    for (let times = 0; times < 40; times += 1) {
      estimator.learn(ask(`s${times}`, 10_000, { model: 'm' }), { ...noUsage, inputTokens: 5000, outputTokens: 2000 });
    }
    const fresh = estimator.estimate(ask('new', 10_000, { model: 'm' }));
    assert.ok(Math.abs(fresh.inputTokens - 5000) < 10, `${fresh.inputTokens} of 5000`);
    assert.ok(Math.abs(fresh.outputTokens - 2000) < 10, `${fresh.outputTokens} of 2000`);
    assert.equal(estimator.estimate(ask('new', 10_000, { model: 'n' })).inputTokens, 2500);
  });

  it('learns nothing of bytes from a body of unknown length', () => {
    const estimator = new TokenEstimator();
    estimator.learn(ask('a', undefined), { ...noUsage, inputTokens: 90_000, outputTokens: 100 });
    estimator.learn(ask('a', 0), { ...noUsage, inputTokens: 90_000, outputTokens: 100 });
    assert.equal(estimator.estimate(ask('a', 4000)).inputTokens, 1000);
  });

  it('forgets the session unheard of for longest', () => {
    const estimator = new TokenEstimator();
    estimator.learn(ask('first', 50_000), turn(50_000, 0, 100));
    assert.ok(estimator.estimate(ask('first', 50_000)).inputTokens < 10, 'remembered');
    for (let session = 0; session < 2000; session += 1) estimator.learn(ask(`s${session}`, 10), turn(10, 0, 1));
    assert.ok(estimator.estimate(ask('first', 50_000)).inputTokens > 1000, 'forgotten');
  });

  it('learns slowly how far answers are from what is expected', () => {
    const estimator = new TokenEstimator();
    const answered = (outputTokens: number): void => {
      estimator.learn(ask('a', 1000), { ...noUsage, inputTokens: 250, outputTokens });
    };
    for (let times = 0; times < 4; times += 1) answered(500);
    const early = estimator.estimate(ask('a', 1000)).outputDeviation;
    assert.ok(early > 400, `${early}: a few that are as expected do not make all so`);
    for (let times = 0; times < 200; times += 1) answered(500);
    assert.ok(estimator.estimate(ask('a', 1000)).outputDeviation < 10, 'all are as expected');
    for (let times = 0; times < 200; times += 1) answered(times % 2 === 0 ? 100 : 1900);
    const late = estimator.estimate(ask('a', 1000)).outputDeviation;
    assert.ok(late > 900 && late < 1200, `${late}: of 900 on average, and the average is off as well`);
  });
});

describe('the reserve for long answers', () => {
  const estimate = {
    inputTokens: 0,
    mostInputTokens: 0,
    outputTokens: 600,
    mostOutputTokens: Infinity,
    outputDeviation: 400,
  };

  it('is three deviations for one alone, and for each of many less', () => {
    assert.equal(outputReserve(estimate, 0), 1200);
    assert.equal(outputReserve(estimate, 9000), 400);
    assert.equal(outputReserve(estimate, 100_000), 120);
  });

  it('is nothing where answers are as expected', () => {
    assert.equal(outputReserve({ ...estimate, outputDeviation: 0 }, 0), 0);
    assert.equal(outputReserve({ ...estimate, outputTokens: 0, outputDeviation: 0 }, 0), 0);
  });

  it('is never more than the request allows', () => {
    assert.equal(outputReserve({ ...estimate, mostOutputTokens: 1000 }, 0), 400);
    assert.equal(outputReserve({ ...estimate, mostOutputTokens: 600 }, 0), 0);
  });
});
