import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { startForwarder, type ForwarderProcess } from './forwarderProcess.ts';
import { forwarders, type Forwarder, type ForwarderName } from './forwarders.ts';
import { loadResultSchema, nextMessage, readySchema, type LoadResult, type LoadTask } from './messages.ts';
import { answeredUsage } from './upstreamAnswers.ts';

/** What is asked for, by the name that figures have it under. */
export const asks = {
  json: { body: 'large', stream: false },
  sse: { body: 'large', stream: true },
  small: { body: 'small', stream: false },
} as const satisfies Readonly<Record<string, Pick<LoadTask, 'body' | 'stream'>>>;
export type AskName = keyof typeof asks;
export const askNames: readonly AskName[] = ['json', 'sse', 'small'];

/** How many requests are under way at once. */
export const connectionCounts = [1, 16, 128] as const;
export type ConnectionCount = (typeof connectionCounts)[number];

/** One forwarder under one load in one round. */
export interface Measurement {
  readonly round: number;
  readonly name: ForwarderName;
  readonly ask: AskName;
  readonly connections: ConnectionCount;
  readonly result: LoadResult;
  /** Of the forwarder's process while it was measured. */
  readonly cpuMs: number;
  /** After it. */
  readonly residentBytes: number;
}

const measuredMs = 400;
/** Our engine lives for days, and takes thousands of requests until all of it is compiled. */
const warmUpMs = 5000;
/** How long it may take until the last requests are booked. */
const bookingMs = 5000;

/** Puts loads on forwarders in turn: what disturbs the machine for a while disturbs all alike. */
export class GatewayRounds {
  readonly #upstream: string;
  readonly #load: ChildProcess;
  readonly #running = new Map<ForwarderName, ForwarderProcess>();
  readonly #answered = new Map<ForwarderName, number>();

  /** @param load runs loadProcess.ts. */
  constructor(upstream: string, load: ChildProcess) {
    this.#upstream = upstream;
    this.#load = load;
  }

  /** Starts the forwarders and has each of them run warm. @param profileDirectory where our own leave CPU profiles. */
  async start(names: readonly ForwarderName[], profileDirectory: string | undefined): Promise<void> {
    for (const name of names) {
      const forwarder: Forwarder = forwarders[name];
      const profile = profileDirectory !== undefined && forwarder.meters === true;
      const flags = profile ? ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`] : [];
      this.#running.set(name, await startForwarder(forwarder, this.#upstream, flags));
    }
    for (const [name, forwarder] of this.#running) {
      for (const ask of askNames) await this.#measure(name, forwarder, ask, 16, warmUpMs);
    }
  }

  async round(round: number): Promise<Measurement[]> {
    const found: Measurement[] = [];
    const forwarders = [...this.#running];
    // Everybody comes first once, and nobody always after the same other.
    const inTurn = [...forwarders.slice(round % forwarders.length), ...forwarders.slice(0, round % forwarders.length)];
    for (const connections of connectionCounts) {
      for (const ask of askNames) {
        for (const [name, forwarder] of inTurn) {
          found.push({ round, ...(await this.#measure(name, forwarder, ask, connections, measuredMs)) });
        }
      }
    }
    return found;
  }

  /** @throws Error when a gateway has not metered exactly what was answered. */
  async checkMetered(): Promise<void> {
    for (const [name, forwarder] of this.#running) {
      const answered = (this.#answered.get(name) ?? 0) * answeredUsage.outputTokens;
      const deadline = performance.now() + bookingMs;
      for (;;) {
        const metered = await forwarder.metered();
        if (metered === undefined || metered === answered) break;
        if (performance.now() > deadline) throw new Error(`${name} metered ${metered} of ${answered} tokens.`);
        await sleep(100);
      }
    }
  }

  async end(): Promise<void> {
    await Promise.all(Array.from(this.#running.values(), (forwarder) => forwarder.end()));
  }

  async #measure(
    name: ForwarderName,
    { route, headers, use }: ForwarderProcess,
    ask: AskName,
    connections: ConnectionCount,
    durationMs: number,
  ): Promise<Omit<Measurement, 'round'>> {
    const task: LoadTask = { kind: 'load', route, headers, ...asks[ask], connections, durationMs };
    this.#load.send(task);
    const ready = await nextMessage(this.#load, readySchema);
    const before = await use();
    this.#load.send('go');
    const result = await nextMessage(this.#load, loadResultSchema);
    const after = await use();
    this.#answered.set(name, (this.#answered.get(name) ?? 0) + ready.answered + result.answered);
    const cpuMs = after.cpuMs - before.cpuMs;
    return { name, ask, connections, result, cpuMs, residentBytes: after.residentBytes };
  }
}
