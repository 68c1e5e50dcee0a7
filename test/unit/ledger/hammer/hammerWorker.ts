import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { AdmissionRefusedError, type Reservation } from '../../../../src/core/admission.ts';
import { noUsage, type Usage } from '../../../../src/core/usage.ts';
import { openHammerEngine, type HammerEngine } from './hammerEngine.ts';
import { HammerJournal } from './hammerJournal.ts';
import type { HammerWork } from './hammerWork.ts';
import { agentNames, models, type HammerModel } from './hammerPlan.ts';

interface HammeredSession {
  readonly id: string;
  readonly agent: string;
}

function below(limit: number): number {
  return Math.floor(Math.random() * limit);
}

function oneOf<T>(choices: readonly T[]): T {
  const chosen = choices[below(choices.length)];
  if (chosen === undefined) throw new Error('There is nothing to choose from.');
  return chosen;
}

/** Agents of one process that open sessions, make requests, give up, fail and end, until told to stop or killed. */
class HammerWorker {
  readonly #engine: HammerEngine;
  readonly #journal: HammerJournal;
  readonly #stop = new AbortController();

  constructor(engine: HammerEngine, journal: HammerJournal) {
    this.#engine = engine;
    this.#journal = journal;
  }

  stop(): void {
    this.#stop.abort(new Error('The worker stops.'));
  }

  async run(sessions: number): Promise<void> {
    await Promise.all(Array.from({ length: sessions }, () => this.#sessions()));
    await this.#engine.close();
  }

  #isStopping(): boolean {
    return this.#stop.signal.aborted;
  }

  async #sessions(): Promise<void> {
    const { coordinator } = this.#engine;
    while (!this.#isStopping()) {
      const agent = oneOf(agentNames);
      const waitMs = below(3) === 0 ? 0 : below(1500);
      const auth = await coordinator.setupClaudeAgentAuth({ ticket: randomUUID(), agentId: agent, waitMs });
      if (auth.kind !== 'authenticated') {
        await pause(50 + below(200));
        continue;
      }
      const session = { id: auth.sessionId, agent };
      this.#journal.write({ kind: 'opened', at: Date.now(), session: session.id, agent });
      for (let count = below(8); count >= 0 && !this.#isStopping(); count -= 1) await this.#request(session);
      this.#journal.write({ kind: 'ending', at: Date.now(), session: session.id, agent });
      await coordinator.releaseSession(session.id);
    }
  }

  async #request(session: HammeredSession): Promise<void> {
    const request = randomUUID();
    const model = oneOf(models);
    const bodyBytes = 8 * (1 + below(2000));
    const patience = below(5) === 0 ? AbortSignal.timeout(below(500)) : this.#stop.signal;
    const ask = { sessionId: session.id, usesTokens: true, bodyBytes, model: model.name, maxTokens: 500 };
    try {
      const signal = AbortSignal.any([patience, this.#stop.signal]);
      const reservation = await this.#engine.manager.reserve(ask, signal);
      this.#journal.write({ kind: 'admitted', at: Date.now(), request, agent: session.agent });
      await this.#send(reservation, session, request, model, bodyBytes * model.tokensPerByte);
    } catch (error) {
      this.#journal.write({ kind: 'refused', request });
      const left = error instanceof Error && (error.name === 'TimeoutError' || this.#isStopping());
      if (!left && !(error instanceof AdmissionRefusedError)) throw error;
    }
  }

  async #send(
    reservation: Reservation,
    session: HammeredSession,
    request: string,
    model: HammerModel,
    input: number,
  ): Promise<void> {
    if (below(10) === 0) {
      await reservation.release();
      return;
    }
    await pause(below(20));
    const fails = below(8) === 0;
    this.#count(session, request, model, { requests: 1, input: fails ? 0 : input, output: 0 });
    await reservation.answered();
    if (fails) {
      await this.#settle(reservation, request, undefined, below(2) === 0 ? 500 : 429);
      return;
    }
    await pause(below(20));
    const known: Usage = { ...noUsage, inputTokens: input, outputTokens: 1 };
    this.#journal.write({ kind: 'metering', request, session: session.id, usage: known });
    await reservation.metered(known);
    this.#journal.write({ kind: 'metered', request, session: session.id, usage: known });
    await pause(below(30));
    const output = model.outputTokens;
    this.#count(session, request, model, { requests: 0, input: 0, output });
    await this.#settle(reservation, request, { ...known, outputTokens: output }, 200);
  }

  #count(
    { agent }: HammeredSession,
    request: string,
    { name }: HammerModel,
    amounts: { readonly requests: number; readonly input: number; readonly output: number },
  ): void {
    this.#journal.write({ kind: 'counted', at: Date.now(), request, agent, model: name, ...amounts });
  }

  async #settle(
    reservation: Reservation,
    request: string,
    usage: Usage | undefined,
    status: number | undefined,
  ): Promise<void> {
    this.#journal.write({ kind: 'settling', request, usage });
    await reservation.settle({ usage, model: undefined, requestId: request, status });
    this.#journal.write({ kind: 'settled', request });
  }
}

const { directory, engineId, life, sessions } = JSON.parse(process.argv[2] ?? '') as HammerWork;
const journal = new HammerJournal(directory, life);
const failed = (message: string): void => {
  journal.write({ kind: 'failed', message });
};
try {
  const worker = new HammerWorker(await openHammerEngine(directory, engineId, failed), journal);
  process.once('message', () => {
    worker.stop();
  });
  await worker.run(sessions);
} catch (error) {
  failed(error instanceof Error ? (error.stack ?? error.message) : String(error));
}
process.exit();
