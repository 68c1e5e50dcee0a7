import assert from 'node:assert/strict';
import fc from 'fast-check';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { MemoryStore } from '../../../src/ledger/memoryStore.ts';
import { TransactionalLedger } from '../../../src/ledger/transactionalLedger.ts';
import { LedgerTester, tokens } from '../ledger/ledgerTester.ts';
import { reported } from '../ledger/reports.ts';
import { StrictUpstream } from './strictUpstream.ts';

/** How long a call may lie between its moment and the ledger. */
const mostLate = 9000;
const limits = { requests: 12, tokens: 1200, input: 900, output: 700 } as const;

export type Step =
  | {
      readonly kind: 'ask';
      readonly session: number;
      readonly input: number;
      readonly output: number;
      /** How far the estimate is above what the request takes, in input and in output. */
      readonly spare: number;
    }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'jump'; readonly ms: number }
  | {
      readonly kind: 'count' | 'answer' | 'meter' | 'settle' | 'withdraw';
      readonly which: number;
      readonly late: boolean;
    }
  | { readonly kind: 'run'; readonly late: boolean }
  | { readonly kind: 'deliver'; readonly which: number };

const which = fc.nat(1000);
const late = fc.boolean();
const plainSteps = [
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      session: fc.nat(2),
      input: fc.integer({ min: 0, max: 300 }),
      output: fc.integer({ min: 0, max: 200 }),
      spare: fc.oneof(fc.constant(0), fc.nat(200)),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 12_000 }) }) },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'count' as const,
        'answer' as const,
        'meter' as const,
        'settle' as const,
        'withdraw' as const,
      ),
      which,
      late,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('run' as const), late }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('deliver' as const), which }) },
];

export const steps = fc.array<Step>(fc.oneof(...plainSteps), { maxLength: 120, size: 'max' });
export const stepsWithJumps = fc.array<Step>(
  fc.oneof(...plainSteps, {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('jump' as const),
      ms: fc.oneof(fc.integer({ min: -30_000, max: 30_000 }), fc.integer({ min: -7_200_000, max: 7_200_000 })),
    }),
  }),
  { maxLength: 120, size: 'max' },
);

interface Flight {
  readonly id: string;
  readonly input: number;
  readonly output: number;
  counted: boolean;
}

/**
 * Runs steps against a ledger and, beside it, a strict upstream that counts each request at some moment between its
 * admission and its answer. Calls may reach the ledger late and in another order.
 */
export class QuotaSimulation {
  readonly tester: LedgerTester;
  readonly upstream: StrictUpstream;
  readonly #sessions: string[] = [];
  readonly #asked = new Map<string, Flight>();
  readonly #flights: Flight[] = [];
  #late: { readonly at: number; readonly call: () => Promise<unknown> }[] = [];
  /** Time that has passed for the upstream: what the wall clock says, without its steps back. */
  #elapsed = 0;
  settledInput = 0;
  settledOutput = 0;
  withdrawn = 0;

  constructor() {
    const plan = apiKeyPlan({ requestsPerMinute: limits.requests, tokensPerMinute: limits.tokens });
    this.tester = new LedgerTester(new TransactionalLedger(new MemoryStore()), plan);
    this.upstream = new StrictUpstream(limits.requests, limits.tokens, limits.input, limits.output, 0);
  }

  async start(): Promise<void> {
    const { tester } = this;
    for (const agent of ['a', 'b', 'c']) this.#sessions.push(await tester.opened(agent));
    await tester.observe({
      limits: [reported('inputTokensPerMinute', limits.input), reported('outputTokensPerMinute', limits.output)],
    });
  }

  get waiting(): number {
    return this.#asked.size;
  }

  async step(step: Step): Promise<void> {
    switch (step.kind) {
      case 'ask':
        await this.#ask(step);
        return;
      case 'pass':
        await this.#pass(step.ms);
        return;
      case 'jump':
        await this.#deliverAll();
        this.tester.now += step.ms;
        this.#elapsed += Math.max(0, step.ms);
        return;
      case 'run':
        await this.#do(step.late, async () => {
          this.#take((await this.tester.run()).decided);
        });
        return;
      case 'deliver':
        await this.#deliver(step.which);
        return;
      case 'count':
      case 'answer':
      case 'meter':
      case 'settle':
      case 'withdraw':
        await this.#progress(step);
    }
  }

  /** Settles everything and lets the whole line go. @returns how long that took, in milliseconds. */
  async finish(): Promise<number> {
    await this.#deliverAll();
    const begun = this.tester.now;
    for (let round = 0; this.#asked.size > 0 || this.#flights.length > 0; round += 1) {
      assert.ok(round < 1000, `${this.#asked.size} requests still wait`);
      while (this.#flights.length > 0) await this.step({ kind: 'settle', which: 0, late: false });
      const { decided, nextAt } = await this.tester.run();
      this.#take(decided);
      if (decided.size > 0 || this.#asked.size === 0) continue;
      assert.ok(nextAt !== undefined, 'nothing is under way, and yet nobody is told when to go on');
      await this.#pass(Math.max(1, nextAt - this.tester.now));
    }
    return this.tester.now - begun;
  }

  async #ask({ session, input, output, spare }: Step & { kind: 'ask' }): Promise<void> {
    const estimate = { input: input + spare, output: output + spare };
    const { id, run } = await this.tester.ask(this.#sessions[session] ?? '', estimate);
    this.#asked.set(id, { id, input, output, counted: false });
    this.#take(run.decided);
  }

  #take(decided: ReadonlyMap<string, { readonly kind: string }>): void {
    for (const [id, { kind }] of decided) {
      assert.equal(kind, 'admitted');
      const flight = this.#asked.get(id);
      assert.ok(flight, 'admitted once, and only what was asked for');
      this.#asked.delete(id);
      this.#flights.push(flight);
    }
  }

  async #progress({ kind, which: index, late: isLate }: Step & { which: number; late: boolean }): Promise<void> {
    const flight = this.#flights[index % Math.max(1, this.#flights.length)];
    if (flight === undefined) return;
    if (kind === 'withdraw') {
      if (flight.counted) return;
      this.#land(flight);
      this.withdrawn += 1;
      await this.#do(isLate, () => this.tester.ledger.withdraw(flight.id));
      return;
    }
    if (!flight.counted) {
      flight.counted = true;
      this.upstream.count(flight.input, flight.output, this.#elapsed);
    }
    const { id, input, output } = flight;
    if (kind === 'answer') await this.#do(isLate, () => this.tester.charge(id));
    if (kind === 'meter')
      await this.#do(isLate, () => this.tester.charge(id, { inputTokens: input, usage: tokens(input, 1) }));
    if (kind !== 'settle') return;
    this.#land(flight);
    this.settledInput += input;
    this.settledOutput += output;
    await this.#do(isLate, () => this.tester.settle(id, tokens(input, output)));
  }

  #land(flight: Flight): void {
    this.#flights.splice(this.#flights.indexOf(flight), 1);
  }

  /** Calls at once, or later with the time of now. */
  async #do(isLate: boolean, call: () => Promise<unknown>): Promise<void> {
    if (isLate) this.#late.push({ at: this.tester.now, call });
    else await call();
  }

  async #deliver(index: number): Promise<void> {
    const [found] = this.#late.splice(index % Math.max(1, this.#late.length), 1);
    if (found === undefined) return;
    const { now } = this.tester;
    this.tester.now = found.at;
    await found.call();
    this.tester.now = now;
  }

  async #deliverAll(): Promise<void> {
    while (this.#late.length > 0) await this.#deliver(0);
  }

  async #pass(ms: number): Promise<void> {
    const end = this.tester.now + ms;
    for (let due = this.#late[0]; due !== undefined && due.at + mostLate < end; due = this.#late[0]) {
      this.#advance(Math.max(0, due.at + mostLate - this.tester.now));
      await this.#deliver(0);
    }
    this.#advance(end - this.tester.now);
  }

  #advance(ms: number): void {
    this.tester.now += ms;
    this.#elapsed += ms;
  }
}
