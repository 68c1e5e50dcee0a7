import type { Plan } from '../../../src/core/plan.ts';
import { LedgerTester, type OpenLedger } from './ledgerTester.ts';

/** Opens an empty ledger before each test of the surrounding block. @returns gives the test's own tester. */
export function eachWithLedger(openLedger: OpenLedger, plan?: Plan): () => LedgerTester {
  let tester: LedgerTester | undefined;
  let dispose: (() => Promise<void>) | undefined;
  beforeEach(async () => {
    const opened = await openLedger();
    ({ dispose } = opened);
    tester = new LedgerTester(opened.ledger, plan);
  });
  afterEach(async () => {
    await dispose?.();
    dispose = undefined;
  });
  return () => {
    if (tester === undefined) throw new Error('There is no test under way.');
    return tester;
  };
}
