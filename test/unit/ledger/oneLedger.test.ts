import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Ledger } from '../../../src/core/ledger.ts';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { MemoryStore } from '../../../src/ledger/memoryStore.ts';
import { openLedger } from '../../../src/ledger/openLedger.ts';
import { TransactionalLedger } from '../../../src/ledger/transactionalLedger.ts';
import { propertyRuns } from '../core/propertyRuns.ts';
import { LedgerTester, tokens } from './ledgerTester.ts';
import { silentLogger } from './silentLogger.ts';
import { temporaryDirectory } from './temporaryDirectory.ts';

const plan = apiKeyPlan({ requestsPerMinute: 12, tokensPerMinute: 10_000, concurrentAgents: 3 });
const agents = [{ pattern: 'agent 1', limits: { concurrentSessions: 1, tokensPerDay: 20_000 } }];

type Deed =
  | { readonly kind: 'open' | 'end' | 'idle' | 'run' | 'abandon'; readonly which: number }
  | { readonly kind: 'ask' | 'charge' | 'settle' | 'withdraw' | 'book'; readonly which: number; readonly size: number };

const which = fc.nat({ max: 20 });
const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({ kind: fc.constantFrom('open', 'end', 'idle', 'run', 'abandon'), which }),
  fc.record({
    kind: fc.constantFrom('ask', 'ask', 'ask', 'charge', 'settle', 'settle', 'withdraw', 'book'),
    which,
    size: fc.integer({ min: 1, max: 6000 }),
  }),
);
/** What is asked of one window at once. */
const turn = fc.record({
  window: fc.nat({ max: 1 }),
  seconds: fc.nat({ max: 30 }),
  deeds: fc.array(deed, { minLength: 1, maxLength: 4 }),
});

/** Does deeds on a ledger, whoever's; what they name exists or not, the same for each ledger. */
class Doer {
  readonly tester: LedgerTester;
  readonly #sessions: string[] = [];
  readonly #requests: string[] = [];

  constructor(ledger: Ledger) {
    this.tester = new LedgerTester(ledger, plan);
    this.tester.agents = agents;
  }

  async do(deed: Deed): Promise<unknown> {
    const { tester } = this;
    const sessionId = this.#sessions[deed.which % Math.max(1, this.#sessions.length)] ?? 'nobody';
    const request = this.#requests[deed.which % Math.max(1, this.#requests.length)] ?? 'none';
    switch (deed.kind) {
      case 'open': {
        const opening = tester.open(`agent ${deed.which % 3}`, { wait: true, ticket: `ticket ${deed.which}` });
        const outcome = await opening;
        if (outcome.kind === 'opened') this.#sessions.push(outcome.session.sessionId);
        return outcome;
      }
      case 'end':
        return tester.ledger.endSession(sessionId, 'released', tester.now);
      case 'idle':
        return tester.ledger.idleSession(sessionId, tester.now);
      case 'run':
        return plain(await tester.run());
      case 'abandon':
        return deed.which > 1 ? undefined : tester.ledger.join('engine', { pid: 1 }, tester.now);
      case 'ask': {
        const { id, state, run } = await tester.ask(sessionId, { input: deed.size, most: deed.size * 2, output: 50 });
        this.#requests.push(id);
        return [id, state, plain(run)];
      }
      case 'charge':
        return tester.charge(request, { inputTokens: deed.size, usage: tokens(deed.size) });
      case 'settle':
        return tester.settle(request, tokens(deed.size, 20), `upstream ${deed.which}`);
      case 'withdraw':
        return tester.ledger.withdraw(request);
      case 'book':
        return tester.book(sessionId, tokens(deed.size), `upstream ${deed.which}`);
    }
  }
}

function plain({ decided, nextAt }: { decided: ReadonlyMap<string, unknown>; nextAt: number | undefined }): unknown {
  return { decided: [...decided].sort(([a], [b]) => (a < b ? -1 : 1)), nextAt };
}

describe('two windows on one file', () => {
  it('see and decide what a single ledger in memory would', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 25 }), async (turns) => {
        const directory = temporaryDirectory();
        const windows = [
          (await openLedger(directory.path, silentLogger)).ledger,
          (await openLedger(directory.path, silentLogger)).ledger,
        ];
        let active = 0;
        const either = new Proxy({} as Ledger, {
          get: (_target, name: keyof Ledger) => windows[active]?.[name]?.bind(windows[active]),
        });
        const shared = new Doer(either);
        const single = new Doer(new TransactionalLedger(new MemoryStore()));
        try {
          for (const { window, seconds, deeds } of turns) {
            active = window;
            for (const { tester } of [shared, single]) tester.now += seconds * 1000;
            const [found, expected] = await Promise.all(
              [shared, single].map((doer) => Promise.all(deeds.map((each) => doer.do(each)))),
            );
            assert.deepEqual(found, expected);
            active = 1 - window;
            assert.deepEqual(await shared.tester.view(), await single.tester.view());
          }
        } finally {
          await Promise.all(windows.map((ledger) => ledger.close()));
          directory.remove();
        }
      }),
      { numRuns: Math.ceil(propertyRuns.numRuns / 20) },
    );
  });
});
