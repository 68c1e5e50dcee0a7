import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { Ledger } from '../../../src/core/ledger.ts';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { MemoryStore } from '../../../src/ledger/memoryStore.ts';
import { openLedger } from '../../../src/ledger/openLedger.ts';
import { TransactionalLedger } from '../../../src/ledger/transactionalLedger.ts';
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

  it('are known to the ledger by their SHA-256 alone, and a session is asked for by nothing else', async () => {
    const heard: { readonly method: string; readonly given: readonly unknown[] }[] = [];
    const ledger = listenedTo(new TransactionalLedger(new MemoryStore()), heard);
    const tester = new CoordinatorTester(apiKeyPlan({ concurrentAgents: 2 }), { ledger }).configure();
    const a = await tester.opened('a');
    const [token = ''] = tester.secrets.tokens;
    for (const how of ['exact', 'at-hand'] as const) {
      assert.equal((await tester.manager.ownerOfToken(token, how)).kind, 'live');
      assert.equal((await tester.manager.ownerOfToken('a-guess', how)).kind, 'unknown');
    }
    await (await tester.reserve(a).promise).settle(outcome([1, 2]));
    await tester.coordinator.releaseAgentAuth('a');
    assert.equal((await tester.manager.ownerOfToken(token)).kind, 'ended');
    const digest = (text: string): string => hash('sha256', text, 'base64url');
    assert.deepEqual(
      heard.filter(({ method }) => method === 'sessionOfTokenHash').map(({ given: [asked] }) => asked),
      [token, 'a-guess', token, 'a-guess', token].map(digest),
    );
    const everything = inspect(heard, { depth: null, maxStringLength: null, maxArrayLength: null });
    assert.ok(everything.includes(a) && everything.includes(digest(token)), 'what is looked through is all of it');
    for (const secret of [token, 'a-guess']) assert.ok(!everything.includes(secret), secret);
    await tester.coordinator.dispose();
    tester.manager.dispose();
  });
});

/** A ledger of which all is told that it is asked. */
function listenedTo(ledger: Ledger, heard: { readonly method: string; readonly given: readonly unknown[] }[]): Ledger {
  return new Proxy(ledger, {
    get: (target, method) => {
      const own: unknown = Reflect.get(target, method);
      if (typeof own !== 'function') return own;
      return (...given: readonly unknown[]): unknown => {
        heard.push({ method: String(method), given });
        return Reflect.apply(own, target, given);
      };
    },
  });
}
