import assert from 'node:assert/strict';
import type { CommandOutcome } from '../../../src/credentials/secretCommandRun.ts';
import { runLedgerCommand } from '../../../src/credentials/ledgerCommandRun.ts';
import { temporaryDirectory } from '../ledger/temporaryDirectory.ts';

describe('the command for the address of the shared ledger', function () {
  this.timeout(30_000);

  async function run(script: string): Promise<CommandOutcome> {
    const directory = temporaryDirectory();
    try {
      const { platform, env: environment } = process;
      const surroundings = { platform, environment, directory: directory.path, timeoutMs: 20_000 };
      return await runLedgerCommand(`"${process.execPath}" -e "${script}"`, surroundings, new AbortController().signal);
    } finally {
      directory.remove();
    }
  }

  it('gives what it prints', async () => {
    const text = 'postgres://ann:sesame@db.example/quota';
    assert.deepEqual(await run(`console.log('  ${text}')`), { kind: 'printed', text });
  });

  it('says what went wrong, and nothing of what was printed', async () => {
    const address = 'postgres://ann:sesame@h/d';
    for (const script of [
      `console.log('sesame')`,
      `console.log('${address} and more')`,
      `console.log('${address}'); console.error('no ${address}'); process.exit(3)`,
    ]) {
      const outcome = await run(script);
      assert.ok(outcome.kind === 'failed', script);
      assert.ok(!outcome.why.includes('sesame'), outcome.why);
    }
  });
});
