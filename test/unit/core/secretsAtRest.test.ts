import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { openLedger } from '../../../src/ledger/openLedger.ts';
import { temporaryDirectory } from '../ledger/temporaryDirectory.ts';
import { apiKey, CoordinatorTester, fails, realKey } from './coordinatorTester.ts';
import { createMemoryLogger } from '../control/memoryLogger.ts';
import { outcome } from './managerTester.ts';

describe('secrets at rest', () => {
  it('are in no file and no log line: neither the real key nor a session’s token', async () => {
    const directory = temporaryDirectory();
    const logger = createMemoryLogger();
    const { ledger, kept } = await openLedger(directory.path, logger);
    assert.equal(kept.kind, 'sqlite');
    const tester = new CoordinatorTester(apiKeyPlan({ concurrentAgents: 2 }), { ledger }).configure();
    tester.test = () => Promise.resolve(fails('endpoint-unreachable'));
    const a = await tester.opened('agent-in-the-file');
    await (await tester.reserve(a, { usesTokens: true, bodyBytes: 9 }).promise).settle(outcome([1, 2]));
    await tester.opened('b');
    tester.line('c');
    tester.configure({ ...apiKey, key: 'sk-ant-printed-by-a-command', account: 'command print-the-key' });
    await tester.coordinator.releaseAgentAuth('b');
    await tester.clock.advance(2000);
    tester.manager.dispose();
    await tester.coordinator.dispose();
    const texts = (): string[] =>
      readdirSync(directory.path).map((name) => readFileSync(join(directory.path, name), 'latin1'));
    const open = texts();
    await ledger.close();
    const everything = [...open, ...texts(), ...logger.lines, ...tester.logger.lines].join('\n');
    assert.ok(everything.includes('agent-in-the-file'), 'what is looked through is the ledger');
    assert.equal(tester.secrets.tokens.length, 3);
    for (const secret of [realKey, ...tester.secrets.tokens, 'sk-ant', 'print-the-key'])
      assert.ok(!everything.includes(secret), secret);
    assert.ok(everything.includes(tester.secrets.hash(tester.secrets.tokens[0] ?? '')));
    directory.remove();
  });
});
