import assert from 'node:assert/strict';
import { SharedQuotaError, type SharedQuota, type UsageBatch } from '../../../src/core/sharedQuota.ts';
import { noUsage } from '../../../src/core/usage.ts';
import type { LedgerStore } from '../../../src/ledger/ledgerStore.ts';
import { MemoryStore } from '../../../src/ledger/memoryStore.ts';
import { UsageOutbox } from '../../../src/ledger/usageOutbox.ts';
import { openLedger } from '../../../src/ledger/openLedger.ts';
import { TransactionalLedger } from '../../../src/ledger/transactionalLedger.ts';
import { MachineClock } from '../../fakes/machineClock.ts';
import { silentLogger } from './silentLogger.ts';
import { temporaryDirectory } from './temporaryDirectory.ts';

const machine = { machineId: 'm', name: 'machine', user: 'ann' };

/** An outbox with so many requests, of which some are refused with all that is delivered together with them. */
async function withOutbox(
  requests: number,
  isRefused: (requestId: string) => boolean,
  { store = new MemoryStore(), through = -1 }: { readonly store?: LedgerStore; through?: number } = {},
) {
  const clock = new MachineClock();
  const log: string[] = [];
  const say = (...words: readonly unknown[]): void => {
    log.push(words.map(String).join(' '));
  };
  const taken: string[] = [];
  let calls = 0;
  const shared = {
    deliver: ({ entries }: UsageBatch): Promise<number> => {
      calls += 1;
      const ids = entries.map(({ requestId }) => requestId ?? '');
      if (ids.some(isRefused)) return Promise.reject(new SharedQuotaError('refused', 'not for you'));
      taken.push(...entries.filter(({ position }) => position > through).map(({ requestId }) => requestId ?? ''));
      through = Math.max(through, ...entries.map(({ position }) => position));
      return Promise.resolve(through);
    },
  } as Pick<SharedQuota, 'deliver'> as SharedQuota;
  const outbox = new UsageOutbox({
    ...{ store, shared, clock, machine: () => Promise.resolve(machine) },
    logger: { debug: say, info: say, warn: say, error: say },
  });
  const add = (requestId: string): Promise<void> =>
    store.transaction(() => {
      store.shared.addToOutbox({
        ...{ planId: 'plan', at: 1, sessionId: 's', agentId: 'a', model: 'm', requestId, usage: noUsage },
      });
    });
  for (let request = 0; request < requests; request += 1) await add(`r${request}`);
  const left = (): Promise<number> => store.read(() => store.shared.outbox(1000).length);
  return { outbox, clock, log, taken, add, left, calls: () => calls };
}

describe('what is to be delivered to the shared ledger', () => {
  it('is not kept back by a request that is refused', async () => {
    for (const bad of ['r0', 'r13', 'r498']) {
      const { outbox, taken, left, log, calls } = await withOutbox(600, (id) => id === bad);
      await outbox.deliver();
      assert.equal(await left(), 0, bad);
      assert.equal(taken.length, 599);
      assert.equal(new Set(taken).size, 599);
      assert.ok(calls() < 30, `${calls()} calls`);
      assert.equal(log.length, 1);
      assert.match(log[0] ?? '', /does not take the usage of 1 of 500 requests.*not for you/);
    }
  });

  it('stays whole while all of it is refused, with a word on why, and is delivered when it is not', async () => {
    let isRefused = true;
    const { outbox, clock, taken, left, log, calls } = await withOutbox(300, () => isRefused);
    for (let minute = 0; minute < 5; minute += 1) {
      await outbox.deliver();
      await clock.advance(60_000);
    }
    assert.equal(await left(), 300);
    assert.equal(log.length, 1, log.join('\n'));
    assert.ok(calls() <= 5 * 41, `${calls()} calls`);
    isRefused = false;
    await outbox.deliver();
    assert.deepEqual([await left(), taken.length], [0, 300]);
  });

  for (const kind of ['memory', 'SQLite']) {
    it(`of a ledger that is an older copy of itself goes behind what the shared one knows, in ${kind}`, async () => {
      const directory = temporaryDirectory();
      let store: LedgerStore = new MemoryStore();
      let close = (): Promise<void> => Promise.resolve();
      if (kind === 'SQLite') {
        const { ledger } = await openLedger(directory.path, silentLogger, {
          build: (opened) => {
            store = opened;
            return new TransactionalLedger(opened);
          },
        });
        close = () => ledger.close();
      }
      const { outbox, clock, taken, left, add } = await withOutbox(3, () => false, { store, through: 700 });
      await outbox.deliver();
      assert.deepEqual([await left(), taken], [0, ['r0', 'r1', 'r2']]);
      await add('later');
      await clock.advance(60_000);
      await outbox.deliver();
      assert.deepEqual([await left(), taken], [0, ['r0', 'r1', 'r2', 'later']]);
      await close();
      directory.remove();
    });
  }

  it('waits with a single one that is refused until another shows that it is its own fault', async () => {
    const { outbox, clock, taken, left, add } = await withOutbox(1, (id) => id === 'r0');
    await outbox.deliver();
    assert.equal(await left(), 1);
    await add('good');
    await clock.advance(60_000);
    await outbox.deliver();
    assert.deepEqual([await left(), taken], [0, ['good']]);
  });
});
