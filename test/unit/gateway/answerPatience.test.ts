import assert from 'node:assert/strict';
import { answerPatience } from '../../../src/gateway/answerPatience.ts';

describe('answerPatience', () => {
  it('ends ten seconds before the client’s, whatever the request has waited', () => {
    assert.equal(answerPatience(['X-Stainless-Timeout', '600'], 0), 590_000);
    assert.equal(answerPatience(['x-stainless-timeout', '600'], 480_000), 110_000);
  });

  it('leaves an upstream twenty seconds, or as long as the client has', () => {
    assert.equal(answerPatience(['x-stainless-timeout', '600'], 599_000), 20_000);
    assert.equal(answerPatience(['x-stainless-timeout', '5'], 0), 5000);
  });

  it('is not known of a client that does not say', () => {
    for (const headers of [
      [],
      ['x-stainless-timeout', ''],
      ['x-stainless-timeout', 'never'],
      ['x-stainless-timeout', '-1'],
    ]) {
      assert.equal(answerPatience(headers, 0), undefined);
    }
  });
});
