import assert from 'node:assert/strict';
import type { LimitReport } from '../../../src/core/admission.ts';
import { SharedQuotaError } from '../../../src/core/sharedQuota.ts';
import { MemoryStore } from '../../../src/ledger/memoryStore.ts';
import { ReportSender } from '../../../src/ledger/reportSender.ts';
import { settled } from '../../fakes/fakeClock.ts';
import { MachineClock } from '../../fakes/machineClock.ts';
import { MemorySharedQuota } from '../../fakes/memorySharedQuota.ts';
import { leasedLedger } from './leasedTester.ts';
import { LedgerTester } from './ledgerTester.ts';
import { report, reported, windowReport } from './reports.ts';
import { silentLogger } from './silentLogger.ts';

describe('reports of limits to the shared ledger', () => {
  let clock: MachineClock;
  let sender: ReportSender;
  let sent: { readonly scopeId: string; readonly report: LimitReport }[];
  let isAway: boolean;

  beforeEach(() => {
    clock = new MachineClock();
    const quota = new MemorySharedQuota(() => clock.now()).connect();
    sent = [];
    isAway = false;
    const observe = (_planId: string, scopeId: string, said: LimitReport): Promise<void> => {
      if (isAway) return Promise.reject(new SharedQuotaError('away', 'The database cannot be reached.'));
      sent.push({ scopeId, report: said });
      return Promise.resolve();
    };
    sender = new ReportSender({ shared: { ...quota, observe }, clock, logger: silentLogger });
  });
  const tell = (more: Partial<LimitReport>, scopeId = 'plan'): void => {
    sender.send('plan', scopeId, report(more));
  };
  const left = (remaining: number): Partial<LimitReport> => ({
    limits: [reported('tokensPerMinute', 9000, remaining)],
  });
  const remaining = (): (number | undefined)[] => sent.map(({ report: { limits } }) => limits[0]?.remaining);

  it('are sent at most once a second of a scope while they change nothing, and the last of them always', async () => {
    for (let count = 0; count < 40; count += 1) {
      tell(left(9000 - count));
      await clock.advance(100);
    }
    assert.deepEqual(remaining(), [9000, 8991, 8981, 8971, 8961], 'of 40');
    await clock.advance(60_000);
    assert.equal(sent.length, 5, 'and nothing more');
    tell(left(8000));
    assert.equal(sent.length, 6, 'after a while at once');
  });

  it('are sent at once where a limit, a window, a pause or a refusal is new', () => {
    const resetsAt = clock.now() + 3_600_000;
    const window = (utilization: number, more = {}): Partial<LimitReport> => ({
      windows: [windowReport(utilization, resetsAt, more)],
    });
    const news: readonly Partial<LimitReport>[] = [
      left(9000),
      { limits: [reported('tokensPerMinute', 8000)] },
      { limits: [reported('requestsPerMinute', 50)] },
      window(0.5),
      window(0.51),
      window(0.51, { rejected: true }),
      window(0.51, { resetsAt: resetsAt + 600_000 }),
      { limited: true },
      { limited: true },
      { retryAfterMs: 1000 },
    ];
    for (const [index, each] of news.entries()) {
      tell(each);
      assert.equal(sent.length, index + 1, JSON.stringify(each));
    }
    tell(window(0.512, { resetsAt: resetsAt + 601_000 }));
    assert.equal(sent.length, news.length, 'a small difference');
  });

  it('of several kinds do not drop one another, and an older limit never follows a newer one', async () => {
    const resetsAt = clock.now() + 3_600_000;
    tell({ ...left(9000), windows: [windowReport(0.5, resetsAt)] });
    tell(left(8000));
    tell({ windows: [windowReport(0.501, resetsAt)] });
    tell({ limits: [reported('requestsPerMinute', 50, 40)] });
    const [, both] = sent;
    assert.deepEqual(both?.report.limits, [
      reported('tokensPerMinute', 9000, 8000),
      reported('requestsPerMinute', 50, 40),
    ]);
    assert.equal(both.report.windows[0]?.utilization, 0.501);
    tell(left(7000));
    tell({ limited: true });
    assert.deepEqual(sent[2]?.report, report({ limited: true }), 'a refusal without limits stays one');
    await clock.advance(1000);
    assert.equal(remaining().at(-1), 7000);
    assert.equal(sent.length, 4);
  });

  it('are each scope’s own', () => {
    tell(left(9000));
    tell(left(9000), 'plan/model/opus');
    assert.deepEqual(
      sent.map(({ scopeId }) => scopeId),
      ['plan', 'plan/model/opus'],
    );
  });

  it('are news again after one could not be sent', async () => {
    isAway = true;
    tell(left(9000));
    await settled();
    isAway = false;
    tell(left(9000));
    assert.equal(sent.length, 1);
  });

  it('are sent in the end though the ledger closes', async () => {
    const quota = new MemorySharedQuota(() => clock.now()).connect();
    const told: LimitReport[] = [];
    const observe = (_planId: string, _scopeId: string, said: LimitReport): Promise<void> => {
      told.push(said);
      return Promise.resolve();
    };
    const tester = new LedgerTester(leasedLedger(new MemoryStore(), { ...quota, observe }, clock));
    for (let count = 0; count < 10; count += 1) await tester.observe(left(9000 - count));
    assert.equal(told.length, 1, 'of ten answers');
    await tester.ledger.close();
    assert.equal(told.at(-1)?.limits[0]?.remaining, 8991);
  });
});
