import type { Wait } from './tally.ts';

/** Shorter waits are the network's. */
const noticedMs = 1000;

/** The seconds of a run in which demand exceeded supply: requests waited that had to wait for more than the network. */
export class Backlog {
  readonly #all: Uint8Array;
  readonly #byAgent: readonly Uint8Array[];

  constructor(waits: readonly Wait[], agents: number, seconds: number) {
    this.#all = new Uint8Array(seconds);
    this.#byAgent = Array.from({ length: agents }, () => new Uint8Array(seconds));
    for (const { agent, fromMs, toMs } of waits) {
      if (toMs - fromMs <= noticedMs) continue;
      const [from, to] = [Math.floor(fromMs / 1000), Math.floor(toMs / 1000) + 1];
      this.#all.fill(1, from, to);
      this.#byAgent[agent]?.fill(1, from, to);
    }
  }

  has(second: number): boolean {
    return this.#all[second] === 1;
  }

  /** Whether the agent itself waited. */
  hasOf(agent: number, second: number): boolean {
    return this.#byAgent[agent]?.[second] === 1;
  }

  agentsAt(second: number): number {
    return this.#byAgent.reduce((count, own) => count + (own[second] ?? 0), 0);
  }
}
