import assert from 'node:assert/strict';
import { WriteQueue } from '../../../src/ledger/writeQueue.ts';

/** A store whose one row is a list of names; a transaction that throws leaves it as it was. */
class List {
  kept: string[] = [];
  transactions = 0;
  readonly queue = new WriteQueue((body) => {
    this.transactions += 1;
    const before = [...this.kept];
    try {
      return Promise.resolve(body());
    } catch (error) {
      this.kept = before;
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  });

  add(name: string, pace: 'hurried' | 'unhurried' = 'hurried'): Promise<number> {
    const put = (): number => {
      this.kept.push(name);
      if (name.startsWith('bad')) throw new Error(`${name} fails`);
      return this.kept.length;
    };
    return pace === 'hurried' ? this.queue.add(put) : this.queue.addUnhurried(put);
  }
}

describe('the queue of writes', () => {
  it('makes one transaction of what comes at once, in its order', async () => {
    const list = new List();
    assert.deepEqual(await Promise.all([list.add('a'), list.add('b'), list.add('c')]), [1, 2, 3]);
    assert.deepEqual([list.kept, list.transactions], [['a', 'b', 'c'], 1]);
  });

  it('fails only what fails, and keeps the rest once', async () => {
    const list = new List();
    const results = await Promise.allSettled(['a', 'bad', 'b', 'bad too', 'c'].map((name) => list.add(name)));
    assert.deepEqual(
      results.map((result) => (result.status === 'fulfilled' ? result.value : String(result.reason))),
      [1, 'Error: bad fails', 2, 'Error: bad too fails', 3],
    );
    assert.deepEqual(list.kept, ['a', 'b', 'c']);
  });

  it('takes in a limited number at once', async () => {
    const list = new List();
    await Promise.all(Array.from({ length: 200 }, (_, index) => list.add(`name ${index}`)));
    assert.deepEqual(
      list.kept,
      Array.from({ length: 200 }, (_, index) => `name ${index}`),
    );
    assert.equal(list.transactions, 4);
  });

  it('lets what nobody waits for go with the next that somebody waits for', async () => {
    const list = new List();
    const settled = list.add('settled', 'unhurried');
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(list.transactions, 0);
    assert.deepEqual(await Promise.all([settled, list.add('asked')]), [1, 2]);
    assert.deepEqual([list.kept, list.transactions], [['settled', 'asked'], 1]);
  });

  it('writes what nobody waits for though nothing else comes', async () => {
    const list = new List();
    assert.deepEqual(await Promise.all([list.add('a', 'unhurried'), list.add('b', 'unhurried')]), [1, 2]);
    assert.equal(list.transactions, 1);
    assert.equal(await list.add('c', 'unhurried'), 3);
    void list.add('d', 'unhurried');
    await list.queue.idle();
    assert.deepEqual(list.kept, ['a', 'b', 'c', 'd']);
  });

  it('catches up at once for whoever wants to read what was told', async () => {
    const list = new List();
    void list.add('settled', 'unhurried');
    list.add('bad', 'unhurried').catch(() => undefined);
    await list.queue.caughtUp();
    assert.deepEqual(list.kept, ['settled']);
    await list.queue.idle();
    const { transactions } = list;
    await list.queue.caughtUp();
    assert.equal(list.transactions, transactions);
  });

  it('is idle when all is written or has failed', async () => {
    const list = new List();
    await list.queue.idle();
    void list.add('a').then(() => list.add('b'));
    list.add('bad').catch(() => undefined);
    await list.queue.idle();
    assert.ok(list.kept.includes('a'));
    assert.ok(!list.kept.includes('bad'));
  });
});
