import { MemoryStore } from '../../../src/ledger/memoryStore.ts';
import { TransactionalLedger } from '../../../src/ledger/transactionalLedger.ts';
import { ledgerSuite } from './ledgerSuite.ts';

ledgerSuite('the ledger in memory', () => {
  const ledger = new TransactionalLedger(new MemoryStore());
  return Promise.resolve({ ledger, dispose: () => ledger.close() });
});
