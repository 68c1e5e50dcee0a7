import assert from 'node:assert/strict';
import type { LineRun, SessionOpening } from '../../../src/core/ledger.ts';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { MemoryStore } from '../../../src/ledger/memoryStore.ts';
import { MachineClock } from '../../fakes/machineClock.ts';
import { MemorySharedQuota } from '../../fakes/memorySharedQuota.ts';
import { leasedLedger } from './leasedTester.ts';
import { terms as termsOf } from './terms.ts';

/** The clock of a machine that has run for a while. */
class ClockSinceBoot extends MachineClock {
  readonly #uptimeMs: number;

  constructor(now: number | undefined, uptimeMs: number) {
    super(now);
    this.#uptimeMs = uptimeMs;
  }

  override monotonic(): number {
    return super.monotonic() + this.#uptimeMs;
  }
}

const terms = termsOf(apiKeyPlan({ requestsPerMinute: 60, tokensPerMinute: 6000, concurrentAgents: 3 }));
const monthMs = 30 * 86_400_000;

const opening = (sessionId: string): SessionOpening => ({
  ...{ sessionId, ticket: sessionId, agentId: 'agent', mode: 'routed', tokenHash: sessionId, process: { pid: 1 } },
  ...{ workspace: '', wait: false },
});

describe('a machine that shares a quota and starts again', () => {
  for (const [state, offMs, leaseMs] of [
    ['with a lease that has ended', 600_000, 10_000],
    ['within its lease', 60_000, 120_000],
    ['after the shared ledger was away', 600_000, 10_000],
  ] as const) {
    it(`${state} asks at once, and goes on`, async () => {
      const before = new ClockSinceBoot(undefined, monthMs);
      let clock: MachineClock = before;
      const quota = new MemorySharedQuota(() => clock.now(), leaseMs);
      const store = new MemoryStore();
      const enqueue = (ledger: ReturnType<typeof leasedLedger>, engineId: string, id: string): Promise<LineRun> =>
        ledger.enqueue(
          {
            ...{ reservationId: id, sessionId: 's1', requests: 1, model: undefined },
            estimate: {
              inputTokens: 100,
              mostInputTokens: 100,
              outputTokens: 0,
              mostOutputTokens: 0,
              outputDeviation: 0,
            },
          },
          engineId,
          terms,
          clock.now(),
        );
      let isOff = false;
      const connection = quota.connect();
      const first = leasedLedger(
        store,
        new Proxy(connection, {
          get: (target, name) => {
            const method: unknown = Reflect.get(target, name, target);
            if (typeof method !== 'function') return method;
            return (...args: unknown[]): unknown =>
              isOff ? new Promise(() => undefined) : (Reflect.apply(method, target, args) as unknown);
          },
        }),
        before,
      );
      assert.equal((await first.openSession(opening('s1'), 'e1', terms, clock.now())).kind, 'opened');
      assert.equal((await enqueue(first, 'e1', 'r1')).decided.get('r1')?.kind, 'admitted');
      if (state.includes('away')) {
        quota.isAway = true;
        await before.advance(15_000);
      }
      isOff = true;
      quota.isAway = false;
      const after = new ClockSinceBoot(before.now() + offMs, 30_000);
      clock = after;
      const second = leasedLedger(store, quota.connect(), after);
      await second.forgetEngine('e1', clock.now());
      let run = await enqueue(second, 'e2', 'r2');
      for (let tries = 0; tries < 20 && !run.decided.has('r2'); tries += 1) {
        await after.advance(250);
        run = await second.runLine('e2', terms, clock.now());
      }
      assert.equal(run.decided.get('r2')?.kind, 'admitted');
    });
  }
});

describe('a machine with much to deliver', () => {
  it('renews its lease meanwhile', async () => {
    const clock = new MachineClock();
    const quota = new MemorySharedQuota(() => clock.now());
    const store = new MemoryStore();
    const connection = quota.connect();
    const renewedAt: number[] = [];
    const begun = clock.now();
    const shared = new Proxy(connection, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name, target);
        if (typeof method !== 'function') return method;
        return async (...args: unknown[]): Promise<unknown> => {
          if (name === 'renew') renewedAt.push(clock.now() - begun);
          if (name === 'deliver') await new Promise<void>((resolve) => void clock.after(8000, resolve));
          return Reflect.apply(method, target, args) as unknown;
        };
      },
    });
    const ledger = leasedLedger(store, shared, clock);
    assert.equal((await ledger.openSession(opening('s1'), 'e1', terms, clock.now())).kind, 'opened');
    await ledger.book('s1', { usage: { ...usage, inputTokens: 10 }, model: 'm', requestId: 'r1' }, terms, clock.now());
    for (let second = 0; second < 30; second += 1) await clock.advance(1000);
    const gaps = renewedAt.slice(1).map((at, index) => at - (renewedAt[index] ?? 0));
    assert.ok(renewedAt.length >= 5 && Math.max(...gaps) <= 6000, `renewed at ${renewedAt.join(', ')}`);
    assert.equal(await store.read(() => store.shared.outbox(10).length), 0);
  });
});

const usage = {
  inputTokens: 0,
  cacheCreation5mTokens: 0,
  cacheCreation1hTokens: 0,
  cacheReadTokens: 0,
  outputTokens: 0,
};
