import assert from 'node:assert/strict';
import fc from 'fast-check';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { MemoryStore } from '../../../src/ledger/memoryStore.ts';
import { TransactionalLedger } from '../../../src/ledger/transactionalLedger.ts';
import { LedgerTester, tokens } from '../ledger/ledgerTester.ts';
import { propertyRuns } from './propertyRuns.ts';

const slots = 3;
const engines = ['one', 'two', 'three'] as const;
/** Callers that wait for a slot; caller `i` is in engine `i % 3`. */
const callers = 7;

type Step =
  | { readonly kind: 'try' | 'tryOnce' | 'leave'; readonly caller: number }
  | { readonly kind: 'end' | 'idle' | 'ask' | 'finish'; readonly which: number }
  | { readonly kind: 'die' | 'join'; readonly engine: number };

const caller = fc.nat(callers - 1);
const which = fc.nat(100);
const engine = fc.nat(engines.length - 1);
const someSteps = fc.array<Step>(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('try' as const, 'tryOnce' as const), caller }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), caller }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('end' as const, 'idle' as const), which }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom('ask' as const, 'finish' as const), which }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('die' as const, 'join' as const), engine }) },
  ),
  { maxLength: 100, size: 'max' },
);

function pick<T>(from: readonly T[], index: number): T | undefined {
  return from[index % Math.max(1, from.length)];
}

/** Callers, sessions and engines on one ledger, and what must be true of its slots. */
class SlotSimulation {
  readonly tester = new LedgerTester(
    new TransactionalLedger(new MemoryStore()),
    apiKeyPlan({ concurrentAgents: slots, requestsPerMinute: 1_000_000, tokensPerMinute: 1_000_000 }),
  );
  /** Our own record of who waits, in order of arrival. */
  #line: number[] = [];
  readonly #sessions: string[] = [];
  #running: { readonly id: string; readonly engineId: string }[] = [];

  async step(step: Step): Promise<void> {
    const { tester } = this;
    switch (step.kind) {
      case 'try':
      case 'tryOnce':
        await this.#try(step.caller, step.kind === 'try');
        break;
      case 'leave':
        await tester.ledger.leaveSlotLine(`ticket of ${step.caller}`);
        this.#line = this.#line.filter((waiting) => waiting !== step.caller);
        break;
      case 'end': {
        const session = pick(this.#sessions, step.which);
        if (session !== undefined) await tester.ledger.endSession(session, 'released', tester.now);
        break;
      }
      case 'idle': {
        const session = pick(this.#sessions, step.which);
        if (session !== undefined) await tester.ledger.idleSession(session, tester.now);
        break;
      }
      case 'ask':
        await this.#ask(step.which);
        break;
      case 'finish': {
        const request = pick(this.#running, step.which);
        if (request === undefined) break;
        this.#running = this.#running.filter((other) => other !== request);
        await tester.settle(request.id, tokens(1));
        break;
      }
      case 'die':
      case 'join': {
        const engineId = engines[step.engine] ?? '';
        if (step.kind === 'die') await tester.ledger.forgetEngine(engineId, tester.now);
        else await tester.ledger.join(engineId, { pid: 1 }, tester.now);
        this.#line = this.#line.filter((waiting) => waiting % engines.length !== step.engine);
        this.#running = this.#running.filter((request) => request.engineId !== engineId);
      }
    }
    await this.check();
  }

  async check(): Promise<void> {
    const view = await this.tester.view();
    const active = view.sessions.filter(({ state }) => state === 'active').length;
    assert.ok(active <= slots, `${active} of ${slots} slots are taken`);
    assert.equal(await this.tester.used('slots'), active);
    assert.deepEqual(
      view.line.map(({ agentId }) => Number(agentId)),
      this.#line,
    );
  }

  /** Ends all that is. @returns how many sessions can be opened then. */
  async capacity(): Promise<number> {
    const { tester } = this;
    for (const engineId of engines) await tester.ledger.forgetEngine(engineId, tester.now);
    for (const session of this.#sessions) await tester.ledger.endSession(session, 'released', tester.now);
    let opened = 0;
    while ((await tester.open(`last ${opened}`)).kind === 'opened') opened += 1;
    return opened;
  }

  async #try(caller: number, wait: boolean): Promise<void> {
    const engineId = engines[caller % engines.length] ?? '';
    const { used } = await this.tester.limit('slots');
    const outcome = await this.tester.open(String(caller), { wait, ticket: `ticket of ${caller}`, engineId });
    const place = this.#line.indexOf(caller);
    const ahead = place === -1 ? this.#line.length : place;
    assert.equal(outcome.kind === 'opened', used + ahead < slots, `with ${used} taken and ${ahead} ahead`);
    if (outcome.kind === 'opened') this.#sessions.push(outcome.session.sessionId);
    if (outcome.kind === 'opened' || !wait) this.#line = this.#line.filter((waiting) => waiting !== caller);
    else if (place === -1) this.#line.push(caller);
    if (outcome.kind === 'no-slot' && wait) assert.equal(outcome.place?.place, ahead + 1);
  }

  async #ask(index: number): Promise<void> {
    const session = pick(this.#sessions, index);
    if (session === undefined) return;
    const engineId = engines[index % engines.length] ?? '';
    const before = (await this.tester.session(session)).state;
    const { used } = await this.tester.limit('slots');
    const { id, run, state } = await this.tester.ask(session, { engineId, input: 1 });
    if (before === 'active') assert.equal(state, 'admitted');
    if (before === 'idle') assert.equal(state, used < slots ? 'admitted' : 'waiting');
    if (before === 'ended') assert.equal(state, 'gone');
    if (state === 'waiting') await this.tester.ledger.withdraw(id);
    for (const [admitted, { kind }] of run.decided) {
      if (kind === 'admitted') this.#running.push({ id: admitted, engineId });
    }
  }
}

describe('properties of the slots', () => {
  it('are never above the limit, go in order of arrival, and none is lost', async () => {
    await fc.assert(
      fc.asyncProperty(someSteps, async (given) => {
        const simulation = new SlotSimulation();
        for (const step of given) await simulation.step(step);
        assert.equal(await simulation.capacity(), slots);
      }),
      propertyRuns,
    );
  });
});
