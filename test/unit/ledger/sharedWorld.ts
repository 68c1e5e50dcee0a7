import type { Clock } from '../../../src/core/clock.ts';
import type { AwayPolicy } from '../../../src/core/lease.ts';
import type { MonotonicClock } from '../../../src/core/monotonicClock.ts';
import { SharedQuotaError, type SharedQuota } from '../../../src/core/sharedQuota.ts';
import { FakeClock } from '../../fakes/fakeClock.ts';
import { MemorySharedQuota } from '../../fakes/memorySharedQuota.ts';

/** Random numbers from a seed: the same again for the same seed. (Marsaglia: "Xorshift RNGs", 2003.) */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed | 0) === 0 ? 1 : seed | 0;
  }

  /** From 0 to below 1. */
  next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) / 2 ** 32;
  }

  between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }
}

/** One machine's view of the world's time: its wall clock may be wrong, and jumps. When it is dead nothing happens. */
export class OwnClock implements MonotonicClock {
  readonly #world: FakeClock;
  readonly #start: number;
  isDead = false;
  offset = 0;

  constructor(world: FakeClock) {
    this.#world = world;
    this.#start = world.now() - 1000;
  }

  now(): number {
    return this.#world.now() + this.offset;
  }

  monotonic(): number {
    return this.#world.now() - this.#start;
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#world.after(delayMs, () => {
      if (!this.isDead) callback();
    });
  }
}

/** How calls go wrong: each a probability from 0 to 1. */
export interface Weather {
  /** Each way, in milliseconds. */
  readonly delayMs: readonly [number, number];
  readonly lost: number;
  readonly replyLost: number;
  readonly repeated: number;
}

export const calm: Weather = { delayMs: [1, 5], lost: 0, replyLost: 0, repeated: 0 };

/** After so long a call is given up. */
const timeoutMs = 3000;

/** A shared quota behind a bad line. */
export function behindWeather(
  quota: SharedQuota,
  clock: Clock,
  random: SeededRandom,
  weather: () => Weather,
): SharedQuota {
  const pause = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));
  const call = async <T>(body: () => Promise<T>): Promise<T> => {
    const { delayMs, lost, replyLost, repeated } = weather();
    const way = (): Promise<void> => pause(random.between(...delayMs));
    const away = async (): Promise<never> => {
      await pause(timeoutMs);
      throw new SharedQuotaError('away', 'The line is bad.');
    };
    if (random.next() < lost) return away();
    await way();
    if (random.next() < repeated) {
      void way()
        .then(body)
        .catch(() => undefined);
    }
    const answer = await body();
    if (random.next() < replyLost) return away();
    await way();
    return answer;
  };
  return {
    renew: (ask) => call(() => quota.renew(ask)),
    observe: (...report) => call(() => quota.observe(...report)),
    deliver: (batch) => call(() => quota.deliver(batch)),
    publish: (machine) => call(() => quota.publish(machine)),
    machines: (planId) => call(() => quota.machines(planId)),
    usage: (...range) => call(() => quota.usage(...range)),
    onNotice: (listener) =>
      quota.onNotice((notice) => {
        if (random.next() >= weather().lost)
          void clock.after(random.between(...weather().delayMs), () => {
            listener(notice);
          });
      }),
    close: () => quota.close(),
  };
}

/** Time, a shared quota and the way to it. */
export class SharedWorld {
  readonly clock = new FakeClock();
  readonly quota = new MemorySharedQuota(() => this.clock.now());
  readonly random: SeededRandom;
  weather: Weather = calm;
  policy: AwayPolicy = { kind: 'wait' };

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  connect(clock: Clock): SharedQuota {
    return behindWeather(this.quota.connect(), clock, this.random, () => this.weather);
  }
}
