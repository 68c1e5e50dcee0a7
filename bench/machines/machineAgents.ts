import { setTimeout as sleep } from 'node:timers/promises';
import { AdmissionRefusedError } from '../../src/core/admission.ts';
import type { AgentRequest } from '../quota/agentRequest.ts';
import { Conversation } from '../quota/conversation.ts';
import { RandomSource } from '../quota/randomSource.ts';
import { answerTimes, calmPauseMs, largestContext } from './machinesScenario.ts';
import type { Demand, FromMachine, MachineTask, ToMachine } from './machineMessages.ts';
import type { MachineQuota } from './machineQuota.ts';

type Answer = Extract<ToMachine, { readonly id: string }>;

/** The agents of one machine: each makes one request after the other. */
export class MachineAgents {
  readonly #task: MachineTask;
  readonly #quota: MachineQuota;
  readonly #tell: (message: FromMachine) => void;
  readonly #answers = new Map<string, (answer: Answer) => void>();
  #demand: Demand = 'none';
  /** Aborted when demand changes. */
  #spell = new AbortController();
  #changed = Promise.withResolvers<undefined>();
  #count = 0;
  #underWay = 0;

  constructor(task: MachineTask, quota: MachineQuota, tell: (message: FromMachine) => void) {
    this.#task = task;
    this.#quota = quota;
    this.#tell = tell;
  }

  /** Lets every agent work for as long as the process lives. */
  start(failed: (error: unknown) => void): void {
    const { machine, agents } = this.#task;
    for (let agent = machine * agents; agent < (machine + 1) * agents; agent += 1) this.#work(agent).catch(failed);
  }

  want(demand: Demand): void {
    if (demand === this.#demand) return;
    this.#demand = demand;
    this.#spell.abort();
    this.#spell = new AbortController();
    const changed = this.#changed;
    this.#changed = Promise.withResolvers();
    changed.resolve(undefined);
  }

  hear(answer: Answer): void {
    this.#answers.get(answer.id)?.(answer);
  }

  /** Resolves when every request under way is settled; demand is to be `none`. */
  async idle(): Promise<void> {
    while (this.#underWay > 0) await sleep(50);
  }

  async #work(agent: number): Promise<void> {
    const random = new RandomSource(`agent ${agent}, life ${this.#task.life}`);
    const conversation = new Conversation(agent, random, { size: 0.5, largestContext, answers: answerTimes });
    let request = conversation.next();
    for (;;) {
      if (this.#demand === 'none') await this.#changed.promise;
      const { signal } = this.#spell;
      if (this.#demand === 'calm') await pause(-calmPauseMs * Math.log(1 - random.uniform()), signal);
      if (signal.aborted) continue;
      if (await this.#send(request, signal)) request = conversation.next();
    }
  }

  /** @returns false when it was withdrawn. */
  async #send(request: AgentRequest, signal: AbortSignal): Promise<boolean> {
    const { machine, life } = this.#task;
    const id = `request-${machine}-${life}-${(this.#count += 1)}`;
    this.#tell({ kind: 'wanted', id, request });
    this.#underWay += 1;
    try {
      while (!(await this.#attempt(id, request, signal)));
      return true;
    } catch (error) {
      if (!signal.aborted) throw error;
      this.#tell({ kind: 'withdrawn', id });
      return false;
    } finally {
      this.#underWay -= 1;
    }
  }

  /** @returns false when it is to be tried again. */
  async #attempt(id: string, request: AgentRequest, signal: AbortSignal): Promise<boolean> {
    const held = await this.#quota.admit(request, signal).catch((error: unknown) => {
      if (!(error instanceof AdmissionRefusedError) || error.retryAfterSeconds === undefined) throw error;
      return error.retryAfterSeconds * 1000;
    });
    if (typeof held === 'number') {
      await sleep(held, undefined, { signal });
      return false;
    }
    const { promise: headers, resolve } = Promise.withResolvers<Answer>();
    this.#answers.set(id, resolve);
    this.#tell({ kind: 'sent', id });
    const answer = await headers;
    if (answer.kind === 'refused') {
      await held.refused(answer.report, id);
      await sleep(answer.retryAfterMs, undefined, { signal });
      return false;
    }
    const { promise: end, resolve: ended } = Promise.withResolvers<Answer>();
    this.#answers.set(id, ended);
    if (answer.kind === 'answered') held.answered(answer.report);
    await end;
    this.#answers.delete(id);
    await held.finished(id);
    this.#tell({ kind: 'settled', id });
    return true;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
