import assert from 'node:assert/strict';
import { clientPatienceMs } from '../../../src/gateway/clientPatience.ts';

describe('how long a client waits', () => {
  const told = (value: string): number | undefined => clientPatienceMs(['host', 'x', 'X-Stainless-Timeout', value]);

  it('is read from the header that the SDKs send, in seconds', () => {
    assert.equal(told('600'), 600_000);
    assert.equal(told(' 0.5 '), 500);
    assert.equal(told('600.0'), 600_000);
  });

  it('is not known where there is none, or nothing that makes sense', () => {
    assert.equal(clientPatienceMs(['host', 'x']), undefined);
    for (const value of ['', '0', '-1', 'NOT_GIVEN', '1e9', 'Infinity', '99999999', '10 s']) {
      assert.equal(told(value), undefined, value);
    }
  });
});
