import { apiKeyPlan } from '../../src/core/plan.ts';
import { quotaTokens } from '../../src/core/usage.ts';
import type { Contestant, ContestantKind } from './contestant.ts';
import { Conversation } from './conversation.ts';
import { figuresOf, type Figures } from './figures.ts';
import { takeOverProcessTime } from './processTime.ts';
import { RandomSource } from './randomSource.ts';
import { agentCount, groupOfAgents, type AgentGroup, type Scenario } from './scenario.ts';
import { SimulatedClock } from './simulatedClock.ts';
import { Tally } from './tally.ts';
import { Upstream } from './upstream.ts';

/** How long it takes until somebody sees that an agent has given up, in milliseconds. */
const giveUpPauseMs = 60_000;
/** How many requests a task takes, at least and at most. */
const requestsOfTask = [5, 40] as const;
/** How long an idle agent does nothing between two requests, at most. */
const longestIdleMs = 10 * 60_000;

/** Runs a scenario for one contestant, on simulated time; the same arguments give the same figures. */
export async function simulate(scenario: Scenario, kind: ContestantKind): Promise<Figures> {
  const clock = new SimulatedClock();
  const giveBackTime = takeOverProcessTime(clock);
  try {
    return await new Simulation(scenario, clock).run(kind);
  } finally {
    giveBackTime();
  }
}

class Simulation {
  readonly #scenario: Scenario;
  readonly #clock: SimulatedClock;
  readonly #start: number;
  readonly #tally: Tally;
  readonly #upstream: Upstream;

  constructor(scenario: Scenario, clock: SimulatedClock) {
    this.#scenario = scenario;
    this.#clock = clock;
    this.#start = clock.now();
    this.#tally = new Tally(() => clock.now() - this.#start);
    this.#upstream = new Upstream(scenario.upstream, clock, this.#random('network'), this.#tally);
  }

  async run(kind: ContestantKind): Promise<Figures> {
    const { minutes, windows, change } = this.#scenario;
    const agents = agentCount(this.#scenario);
    const contestant = await kind.start({
      clock: this.#clock,
      upstream: this.#upstream,
      random: this.#random('contestant'),
      plan: apiKeyPlan({ ...this.#scenario.plan, concurrentAgents: agents }),
      agents,
      windows,
    });
    let failure: unknown;
    for (const [agent, group] of groupOfAgents(this.#scenario).entries()) {
      for (let conversation = 0; conversation < group.conversations; conversation += 1) {
        this.#converse(contestant, agent, group, conversation).catch((error: unknown) => {
          failure ??= error;
        });
      }
    }
    this.#countSeconds();
    if (change !== undefined) {
      this.#clock.after(change.atMinute * 60_000, () => {
        this.#upstream.buckets.scaleTokens(change.factor, this.#clock.now());
      });
    }
    await this.#clock.run(this.#start + minutes * 60_000);
    contestant.dispose();
    if (failure !== undefined) throw new Error(`${kind.name} failed.`, { cause: failure });
    this.#tally.end();
    return figuresOf(this.#scenario, this.#tally);
  }

  /** One task after the other; one that fails is begun again when somebody has seen it. */
  async #converse(contestant: Contestant, agent: number, group: AgentGroup, conversation: number): Promise<void> {
    const random = this.#random(`agent ${agent} ${conversation}`);
    const { bursts } = this.#scenario;
    const spreadMs = group.role === 'idle' ? longestIdleMs : bursts === undefined ? 5000 : 500;
    await this.#clock.sleep(random.between(0, spreadMs));
    for (let task = 0; ; task += 1) {
      const seed = `agent ${agent} ${conversation} ${task}`;
      while (!(await this.#work(contestant, agent, group, this.#random(seed)))) await this.#clock.sleep(giveUpPauseMs);
    }
  }

  /** @returns whether the task was done; false when a request of it was given up. */
  async #work(contestant: Contestant, agent: number, group: AgentGroup, random: RandomSource): Promise<boolean> {
    const { largestContext, answers } = this.#scenario;
    const conversation = new Conversation(agent, random, { size: group.size, largestContext, answers });
    const requests = Math.round(random.between(...requestsOfTask));
    let spent = 0;
    for (let count = 0; count < requests; count += 1) {
      await this.#untilWork();
      const request = conversation.next();
      const pauseMs = group.role === 'idle' ? random.between(0, longestIdleMs) : conversation.pauseMs();
      this.#tally.wanted(request);
      if (!(await contestant.send(request))) {
        this.#tally.failed(request, spent);
        return false;
      }
      this.#tally.answered(request);
      spent += quotaTokens(request.usage);
      await this.#clock.sleep(pauseMs);
    }
    return true;
  }

  /** In a pause between bursts, waits for the next. */
  async #untilWork(): Promise<void> {
    const { bursts } = this.#scenario;
    if (bursts === undefined) return;
    const into = (this.#clock.now() - this.#start) % (bursts.workMs + bursts.pauseMs);
    if (into > bursts.workMs) await this.#clock.sleep(bursts.workMs + bursts.pauseMs - into);
  }

  #countSeconds(): void {
    this.#clock.after(1000, () => {
      this.#tally.secondPassed(this.#upstream.buckets.second(this.#clock.now()));
      this.#countSeconds();
    });
  }

  #random(what: string): RandomSource {
    return new RandomSource(`${this.#scenario.name}: ${what}`);
  }
}
