import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { addUsage, noUsage, type Usage } from '../../../src/core/usage.ts';
import { TranscriptBooks } from '../../../src/transcripts/transcriptBooks.ts';
import { ManagerTester } from '../core/managerTester.ts';
import { propertyRuns } from '../core/propertyRuns.ts';
import { silentLogger } from '../ledger/silentLogger.ts';
import { temporaryDirectory } from '../ledger/temporaryDirectory.ts';
import { transcriptLine } from './transcriptLine.ts';

const agents = [undefined, 'a1', 'a2'] as const;
/** What a request may be silent for and still go on, in milliseconds. */
const shortOfQuietMs = 5 * 60_000 - 1;

type Step =
  /** An agent writes of its request, a new one or the one before; `whole`: for the last time. */
  | {
      readonly kind: 'write';
      readonly agent: number;
      readonly isNew: boolean;
      readonly whole: boolean;
      readonly named: boolean;
    }
  | { readonly kind: 'repeat' | 'report'; readonly of: number }
  | { readonly kind: 'look' | 'turn over' | 'restart' }
  | { readonly kind: 'fail'; readonly after: number }
  | { readonly kind: 'wait'; readonly seconds: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      agent: fc.nat(2),
      isNew: fc.boolean(),
      whole: fc.boolean(),
      named: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('repeat' as const, 'report' as const), of: fc.nat(20) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('look' as const, 'turn over' as const, 'restart' as const) }),
  },
  fc.record({ kind: fc.constant('fail' as const), after: fc.nat(3) }),
  fc.record({ kind: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 60 }) }),
);

interface Request {
  readonly id: number;
  readonly agent: number;
  readonly named: boolean;
  usage: Usage;
  /** Whether more may be written of it. */
  open: boolean;
}

/** A session whose agents write, and what is to be booked of it in the end. */
class World {
  readonly tester = new ManagerTester(maxSubscriptionPlan({ dailyTokens: 1e9 }));
  readonly requests: Request[] = [];
  readonly #directory = temporaryDirectory();
  readonly #by: 'telemetry' | 'transcripts';
  #sessionId = '';
  #books: TranscriptBooks | undefined;
  #bookings = 0;
  #failsAt = Infinity;
  #writtenAt = 0;

  constructor(by: 'telemetry' | 'transcripts') {
    this.#by = by;
  }

  async begin(): Promise<void> {
    this.#sessionId = await this.tester.session('agent', 'observed');
    mkdirSync(this.#subagents, { recursive: true });
    writeFileSync(this.#file(0), `${transcriptLine({ messageId: 'before', timestamp: '2020-01-01T00:00:00.000Z' })}\n`);
    writeFileSync(path.join(this.#subagents, 'agent-a2.meta.json'), JSON.stringify({ parentAgentId: 'a1' }));
    this.#restart();
  }

  async take(step: Step): Promise<void> {
    const { clock } = this.tester;
    switch (step.kind) {
      case 'write':
        this.#write(step);
        break;
      case 'repeat': {
        const found = this.requests[step.of];
        if (found !== undefined && !found.open) this.#line(found, true);
        break;
      }
      case 'report': {
        const found = this.requests[step.of];
        if (this.#by === 'telemetry' && found?.open === false) await this.#book(this.#entry(found)).catch(() => false);
        break;
      }
      case 'look':
        this.#books?.look();
        break;
      case 'turn over':
        this.#books?.turnOver();
        this.#closeAll();
        break;
      case 'restart':
        this.#restart();
        break;
      case 'fail':
        this.#failsAt = this.#bookings + step.after;
        break;
      case 'wait':
        await clock.advance(step.seconds * 1000);
        if (clock.now() - this.#writtenAt > shortOfQuietMs) this.#closeAll();
    }
    await this.#books?.bookDue().catch(() => undefined);
  }

  async end(): Promise<void> {
    this.#failsAt = Infinity;
    await this.#books?.end();
    const { sessions, subagents } = await this.tester.manager.view();
    assert.deepEqual(sessions[0]?.usage, sum(this.requests));
    assert.equal(sessions[0].requests, this.requests.length);
    const told = Object.fromEntries(
      (subagents.get(this.#sessionId) ?? []).map(({ subagentId, parentId, usage }) => [
        subagentId,
        { parentId, usage },
      ]),
    );
    const written = [1, 2].flatMap((agent) => {
      const own = this.requests.filter((request) => request.agent === agent);
      const parentId = agent === 2 ? 'a1' : undefined;
      return own.length === 0 ? [] : [[`a${agent}`, { parentId, usage: sum(own) }]];
    });
    assert.deepEqual(told, Object.fromEntries(written));
  }

  dispose(): void {
    this.#books?.dispose();
    this.#directory.remove();
  }

  #restart(): void {
    this.#books?.dispose();
    const { clock } = this.tester;
    this.#books = new TranscriptBooks(
      {
        sessionId: this.#sessionId,
        since: Date.UTC(2025, 0),
        book: (_sessionId, entry) => this.#book(entry),
        now: () => clock.now(),
        logger: silentLogger,
        pollMs: 3_600_000,
      },
      this.#by,
    );
    this.#books.follow(this.#file(0));
  }

  #book(entry: Parameters<ManagerTester['manager']['book']>[1]): Promise<boolean> {
    this.#bookings += 1;
    if (this.#bookings > this.#failsAt) {
      this.#failsAt = Infinity;
      return Promise.reject(new Error('busy'));
    }
    return this.tester.manager.book(this.#sessionId, entry);
  }

  #write({ agent, isNew, whole, named }: Step & { kind: 'write' }): void {
    let request = this.requests.findLast((known) => known.agent === agent);
    if (isNew || request?.open !== true) {
      if (request !== undefined) request.open = false;
      const usage = { ...noUsage, inputTokens: 5, cacheReadTokens: 100 };
      request = { id: this.requests.length, agent, named: named || this.#by === 'telemetry', usage, open: true };
      this.requests.push(request);
    }
    request.usage = { ...request.usage, outputTokens: request.usage.outputTokens + 3 };
    request.open = !whole;
    this.#line(request, whole);
  }

  #line(request: Request, whole: boolean): void {
    const { usage, agent } = request;
    this.#writtenAt = this.tester.clock.now();
    const line = transcriptLine({
      messageId: `msg_${request.id}`,
      requestId: request.named ? `req_${request.id}` : undefined,
      stopReason: whole ? 'end_turn' : null,
      usage: {
        input_tokens: usage.inputTokens,
        cache_read_input_tokens: usage.cacheReadTokens,
        output_tokens: usage.outputTokens,
      },
      timestamp: '2026-01-15T12:00:00.000Z',
      more: agents[agent] === undefined ? {} : { isSidechain: true, agentId: agents[agent] },
    });
    appendFileSync(this.#file(agent), `${line}\n`);
  }

  #entry({ id, agent, usage }: Request): Parameters<ManagerTester['manager']['book']>[1] {
    const parentId = agent === 2 ? 'a1' : undefined;
    const subagentId = agents[agent];
    return {
      usage,
      model: 'claude-opus-5-5',
      requestId: `req_${id}`,
      ...(subagentId !== undefined && { subagent: { subagentId, parentId } }),
    };
  }

  #closeAll(): void {
    for (const request of this.requests) request.open = false;
  }

  get #subagents(): string {
    return path.join(this.#directory.path, 'session', 'subagents');
  }

  #file(agent: number): string {
    const name = agents[agent];
    return name === undefined
      ? path.join(this.#directory.path, 'session.jsonl')
      : path.join(this.#subagents, `agent-${name}.jsonl`);
  }
}

function sum(requests: readonly Request[]): Usage {
  return requests.map(({ usage }) => usage).reduce(addUsage, noUsage);
}

describe('what transcripts tell of a session', () => {
  for (const by of ['transcripts', 'telemetry'] as const) {
    it(`is booked once, with all that was used, however it is written and read (observed by ${by})`, async () => {
      const runs = { numRuns: Math.ceil(propertyRuns.numRuns / 4) };
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
          const world = new World(by);
          try {
            await world.begin();
            for (const one of steps) await world.take(one);
            await world.end();
          } finally {
            world.dispose();
          }
        }),
        runs,
      );
    });
  }
});
