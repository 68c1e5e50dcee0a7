import { setTimeout as sleep } from 'node:timers/promises';
import type { RateLimits } from '../../src/core/rateLimits.ts';
import { quotaInputTokens } from '../../src/core/usage.ts';
import type { AgentRequest } from '../quota/agentRequest.ts';
import { OrganisationBuckets } from '../quota/organisationBuckets.ts';
import { Tally } from '../quota/tally.ts';
import type { FromMachine, ToMachine } from './machineMessages.ts';

/** How often output is counted while an answer is written, in milliseconds. */
const writingMs = 500;

interface Wish {
  readonly machine: number;
  readonly request: AgentRequest;
}

/** The organisation's upstream, which sees the requests of all machines at the moment they are sent. */
export class StrictUpstream {
  readonly #buckets: OrganisationBuckets;
  readonly #wishes = new Map<string, Wish>();
  /** Taken requests, by id: what the upstream has counted or is going to. */
  readonly counted = new Map<string, AgentRequest>();
  #tally = new Tally(() => 0);
  refusals = 0;

  constructor(limits: RateLimits) {
    this.#buckets = new OrganisationBuckets(limits, Date.now());
  }

  /** Writes down what happens from now on. @returns a function that ends it. */
  record(): () => Tally {
    this.#tally.end();
    const start = performance.now();
    const sinceStart = (): number => performance.now() - start;
    const tally = new Tally(sinceStart);
    this.#tally = tally;
    for (const { request } of this.#wishes.values()) tally.wanted(request);
    const seconds = setInterval(() => {
      // A busy machine's timers are late: a second is a second all the same.
      while (tally.seconds.length < Math.floor(sinceStart() / 1000))
        tally.secondPassed(this.#buckets.second(Date.now()));
    }, 100);
    return () => {
      clearInterval(seconds);
      tally.end();
      return tally;
    };
  }

  /** @param answer tells the machine, if it still lives. */
  hear(machine: number, message: FromMachine, answer: (message: ToMachine) => void): void {
    if (message.kind === 'wanted') {
      this.#wishes.set(message.id, { machine, request: message.request });
      this.#tally.wanted(message.request);
    } else if (message.kind === 'withdrawn') {
      this.#drop(message.id);
    } else if (message.kind === 'sent') {
      void this.#take(message.id, answer);
    }
  }

  /** The machine was killed: nobody waits there any more. */
  gone(machine: number): void {
    for (const [id, wish] of this.#wishes) if (wish.machine === machine) this.#drop(id);
  }

  async #take(id: string, answer: (message: ToMachine) => void): Promise<void> {
    const request = this.#wishes.get(id)?.request;
    if (request === undefined) throw new Error('A request is sent that nobody wanted.');
    const { usage, model, firstByteMs, streamMs } = request;
    const buckets = this.#buckets;
    const inputTokens = quotaInputTokens(usage);
    const retryAfterMs = buckets.admit(inputTokens, Date.now());
    const report = buckets.report(model, Date.now(), retryAfterMs);
    if (retryAfterMs !== undefined) {
      this.refusals += 1;
      this.#tally.refused();
      answer({ kind: 'refused', id, report, retryAfterMs });
      return;
    }
    this.#wishes.delete(id);
    this.counted.set(id, request);
    this.#tally.admitted(request);
    await sleep(firstByteMs);
    answer({ kind: 'answered', id, report });
    const parts = Math.max(1, Math.round(streamMs / writingMs));
    for (let part = 1; part <= parts; part += 1) {
      await sleep(streamMs / parts);
      const upTo = (count: number): number => Math.round((usage.outputTokens * count) / parts);
      buckets.chargeOutput(upTo(part) - upTo(part - 1), Date.now());
    }
    answer({ kind: 'finished', id });
  }

  #drop(id: string): void {
    const wish = this.#wishes.get(id);
    this.#wishes.delete(id);
    if (wish !== undefined) this.#tally.failed(wish.request, 0);
  }
}
