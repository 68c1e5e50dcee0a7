import assert from 'node:assert/strict';
import { openLedger } from '../../../src/ledger/openLedger.ts';
import { ledgerSuite } from './ledgerSuite.ts';
import { silentLogger } from './silentLogger.ts';
import { temporaryDirectory } from './temporaryDirectory.ts';

ledgerSuite('the ledger in SQLite', async () => {
  const directory = temporaryDirectory();
  const { ledger, kept } = await openLedger(directory.path, silentLogger);
  assert.equal(kept.kind, 'sqlite');
  return {
    ledger,
    dispose: async () => {
      await ledger.close();
      directory.remove();
    },
  };
});
