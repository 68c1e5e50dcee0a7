import assert from 'node:assert/strict';
import { InOrder } from '../../../src/core/inOrder.ts';

describe('work that is done in order', () => {
  it('begins when what was asked for before has ended, also in failure', async () => {
    const order = new InOrder();
    const steps: string[] = [];
    const slow = Promise.withResolvers<undefined>();
    const first = order.run(async () => {
      steps.push('first begins');
      await slow.promise;
      steps.push('first ends');
      throw new Error('in vain');
    });
    const failed = assert.rejects(first, /in vain/);
    const second = order.run(() => {
      steps.push('second');
      return Promise.resolve(2);
    });
    await new Promise(setImmediate);
    assert.deepEqual(steps, ['first begins']);
    slow.resolve(undefined);
    assert.equal(await second, 2);
    await failed;
    assert.deepEqual(steps, ['first begins', 'first ends', 'second']);
  });
});
