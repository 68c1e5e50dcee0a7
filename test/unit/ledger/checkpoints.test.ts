import assert from 'node:assert/strict';
import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { ledgerFileName, openLedger } from '../../../src/ledger/openLedger.ts';
import { LedgerTester } from './ledgerTester.ts';
import { silentLogger } from './silentLogger.ts';
import { temporaryDirectory } from './temporaryDirectory.ts';

const checkpointScript = fileURLToPath(import.meta.resolve('../../../src/ledger/checkpointThread.ts'));

describe('checkpoints of the ledger', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let path: string;

  beforeEach(() => {
    directory = temporaryDirectory();
    path = join(directory.path, ledgerFileName);
  });
  afterEach(() => {
    directory.remove();
  });

  /** What the file alone has, without the log. */
  function keptSessions(): number {
    const copy = join(directory.path, 'copy.sqlite');
    copyFileSync(path, copy);
    const database = new DatabaseSync(copy);
    try {
      return Number(database.prepare('SELECT count(*) AS n FROM session').get()?.['n']);
    } catch {
      // Copied while it was written to.
      return 0;
    } finally {
      database.close();
    }
  }

  it('bring the log into the file while the ledger is in use', async () => {
    const { ledger } = await openLedger(directory.path, silentLogger, { checkpointScript });
    const tester = new LedgerTester(ledger, apiKeyPlan({ requestsPerMinute: 10_000 }));
    const sessionId = await tester.opened();
    for (let write = 0; write < 300; write += 1) await tester.charge(await tester.admitted(sessionId));
    let kept = 0;
    for (let look = 0; look < 400 && kept === 0; look += 1) {
      await sleep(25);
      kept = keptSessions();
    }
    assert.equal(kept, 1);
    await ledger.close();
  });

  it('are left to writers where the thread fails', async () => {
    const script = join(directory.path, 'broken.mjs');
    writeFileSync(script, 'throw new Error("no thread");');
    const warnings: string[] = [];
    const warn = (message: string): void => {
      warnings.push(message);
    };
    const logger = { ...silentLogger, warn };
    const { ledger } = await openLedger(directory.path, logger, { checkpointScript: script });
    for (let look = 0; look < 200 && warnings.length === 0; look += 1) await sleep(25);
    assert.match(warnings.join(), /no thread of their own .*no thread/);
    const tester = new LedgerTester(ledger, apiKeyPlan({ requestsPerMinute: 100_000 }));
    const sessionId = await tester.opened();
    for (let write = 0; write < 20_000 && keptSessions() === 0; write += 1) {
      await tester.charge(await tester.admitted(sessionId));
    }
    assert.equal(keptSessions(), 1, 'whoever writes brings the log into the file');
    await ledger.close();
  });

  it('let go of the file when the ledger is closed', async () => {
    // The thread as it is, which leaves word when it has begun.
    const script = join(directory.path, 'telling.mjs');
    const word = join(directory.path, 'it has begun');
    const modules = [pathToFileURL(checkpointScript).href, word].map((name) => JSON.stringify(name));
    writeFileSync(
      script,
      `import ${modules[0]}; import { writeFileSync } from 'node:fs'; writeFileSync(${modules[1]}, '');`,
    );
    const { ledger } = await openLedger(directory.path, silentLogger, { checkpointScript: script });
    await new LedgerTester(ledger).opened();
    while (!existsSync(word)) await sleep(5);
    const begun = performance.now();
    await ledger.close();
    assert.ok(performance.now() - begun < 1800, 'the thread ends by itself, and is not ended after two seconds');
    assert.equal(keptSessions(), 1);
    directory.remove();
  });
});
