import assert from 'node:assert/strict';
import type { LineRun } from '../../../src/core/ledger.ts';
import type { QuotaTerms } from '../../../src/core/quotaTerms.ts';
import { LeasedLedger } from '../../../src/ledger/leasedLedger.ts';
import { MemoryStore } from '../../../src/ledger/memoryStore.ts';
import type { StrictUpstream } from '../core/strictUpstream.ts';
import { tokens } from './ledgerTester.ts';
import { OwnClock, type SharedWorld } from './sharedWorld.ts';
import { silentLogger } from './silentLogger.ts';

export interface Work {
  readonly input: number;
  readonly output: number;
  /** How far the estimate is above it. */
  readonly spare: number;
  /** From its admission until the upstream counts it, and until it is settled, in milliseconds. */
  readonly countedAfter: number;
  readonly settledAfter: number;
}

/** A machine with sessions that send requests to the upstream, as windows do it. */
export class SharedMachine {
  readonly clock: OwnClock;
  readonly #world: SharedWorld;
  readonly #upstream: StrictUpstream;
  readonly #name: string;
  readonly #store = new MemoryStore();
  readonly #waiting = new Map<string, (admitted: boolean) => void>();
  readonly terms: QuotaTerms;
  ledger: LeasedLedger;
  #cancel: () => void = () => undefined;
  #count = 0;
  #lives = 0;
  #engineId = '';
  readonly sessions: string[] = [];
  /** Ids of the requests that were settled. */
  readonly settled = new Set<string>();
  /** Counted tokens that the upstream has served, by session. */
  readonly served = new Map<string, number>();
  readonly #underWay = new Set<() => void>();

  constructor(world: SharedWorld, upstream: StrictUpstream, terms: QuotaTerms, name: string) {
    this.#world = world;
    this.#upstream = upstream;
    this.#name = name;
    this.terms = terms;
    this.clock = new OwnClock(world.clock);
    this.ledger = this.#open();
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  async openSession(agentId = 'agent'): Promise<string | undefined> {
    const sessionId = `${this.#name} session ${(this.#count += 1)}`;
    const opening = {
      sessionId,
      ticket: `ticket of ${sessionId}`,
      agentId,
      mode: 'routed',
      tokenHash: `hash of ${sessionId}`,
      process: { pid: 1 },
      workspace: '',
      wait: false,
    } as const;
    const outcome = await this.ledger.openSession(opening, this.#engineId, this.terms, this.clock.now());
    if (outcome.kind !== 'opened') return undefined;
    this.sessions.push(sessionId);
    return sessionId;
  }

  /** Sends a request. Resolves when it is settled, or was lost with the machine. */
  async send(sessionId: string, { input, output, spare, countedAfter, settledAfter }: Work): Promise<void> {
    const id = `${this.#name} request ${(this.#count += 1)}`;
    const admitted = new Promise<boolean>((resolve) => this.#waiting.set(id, resolve));
    const [inputTokens, outputTokens] = [input + spare, output + spare];
    const estimate = {
      inputTokens,
      mostInputTokens: inputTokens,
      outputTokens,
      mostOutputTokens: Infinity,
      outputDeviation: 0,
    };
    const opening = { reservationId: id, sessionId, requests: 1, estimate, model: undefined };
    this.#take(await this.ledger.enqueue(opening, this.#engineId, this.terms, this.clock.now()));
    if (!(await admitted)) return;
    const life = this.#lives;
    let isCounted = false;
    const count = (): void => {
      if (!isCounted) this.#upstream.count(input, output, this.#world.clock.now());
      isCounted = true;
      this.served.set(sessionId, (this.served.get(sessionId) ?? 0) + input + output);
    };
    this.#underWay.add(count);
    const { clock } = this.#world;
    await new Promise<void>((resolve) => void clock.after(countedAfter, resolve));
    if (life !== this.#lives) return;
    count();
    await new Promise<void>((resolve) => void clock.after(settledAfter, resolve));
    if (life !== this.#lives) return;
    this.#underWay.delete(count);
    const charge = { requests: 1, inputTokens: input, outputTokens: output };
    const entry = { usage: tokens(input, output), model: 'claude', requestId: id };
    const isBooked = await this.ledger.settle(id, entry, charge, this.terms, this.clock.now());
    assert.ok(isBooked);
    this.settled.add(id);
    void this.#run();
  }

  /** Everything of it ends at once; what was under way may have been counted by the upstream. */
  crash(): void {
    this.#lives += 1;
    this.clock.isDead = true;
    for (const count of this.#underWay) if (this.#world.random.next() < 0.5) count();
    this.#underWay.clear();
    for (const lost of this.#waiting.values()) lost(false);
    this.#waiting.clear();
  }

  /** Begins again on the rows that are kept, with its sessions ended. */
  async restart(): Promise<void> {
    const before = this.#engineId;
    this.clock.isDead = false;
    this.ledger = this.#open();
    await this.ledger.forgetEngine(before, this.clock.now());
    for (const sessionId of this.sessions.splice(0)) {
      await this.ledger.endSession(sessionId, 'process-ended', this.clock.now());
    }
  }

  async endSessions(): Promise<void> {
    for (const sessionId of this.sessions.splice(0))
      await this.ledger.endSession(sessionId, 'released', this.clock.now());
  }

  #open(): LeasedLedger {
    const life = this.#lives;
    this.#engineId = `${this.#name} engine ${life}`;
    let ids = 0;
    const ledger = new LeasedLedger({
      store: this.#store,
      shared: this.#world.connect(this.clock),
      clock: this.clock,
      names: { name: this.#name, user: 'somebody' },
      newId: () => `${this.#name} ${life} ${(ids += 1)}`,
      whenAway: () => this.#world.policy,
      logger: silentLogger,
    });
    ledger.onChange(() => {
      if (life === this.#lives) void this.#run();
    });
    void ledger.join(this.#engineId, { pid: 1 }, this.clock.now());
    return ledger;
  }

  async #run(): Promise<void> {
    const life = this.#lives;
    if (this.#waiting.size === 0 || this.clock.isDead) return;
    const run = await this.ledger.runLine(this.#engineId, this.terms, this.clock.now());
    if (life === this.#lives) this.#take(run);
  }

  #take({ decided, nextAt }: LineRun): void {
    for (const [id, { kind }] of decided) {
      const resolve = this.#waiting.get(id);
      this.#waiting.delete(id);
      resolve?.(kind === 'admitted');
    }
    this.#cancel();
    if (nextAt !== undefined) this.#cancel = this.clock.after(nextAt - this.clock.now(), () => void this.#run());
  }
}
