import { setTimeout as sleep } from 'node:timers/promises';
import Anthropic from '@anthropic-ai/sdk';
import type { AgentRequest } from './agentRequest.ts';
import { claudeCodeRetries } from './clientRetry.ts';
import { RealConversation } from './realConversation.ts';
import { groupOfAgents, type AnswerTimes, type Scenario } from './scenario.ts';
import type { Tally } from './tally.ts';

/** Where an agent sends its requests, and with which key. */
export interface AgentRoute {
  readonly baseUrl: string;
  readonly key: string;
}

/** The agents of a scenario as real SDK clients, on real time. */
export class RealAgents {
  readonly #scenario: Scenario & { readonly answers: AnswerTimes };
  readonly #tally: Tally;
  readonly #stop = new AbortController();

  constructor(scenario: Scenario & { readonly answers: AnswerTimes }, tally: Tally) {
    this.#scenario = scenario;
    this.#tally = tally;
  }

  /** Lets them work until the scenario's time is over. @param routes one for each agent. */
  async run(routes: readonly AgentRoute[]): Promise<void> {
    const loops = groupOfAgents(this.#scenario).flatMap((group, agent) =>
      Array.from({ length: group.conversations }, (_, number) =>
        this.#converse(agent, `agent ${agent} ${number}`, group.size, routes[agent]),
      ),
    );
    await sleep(this.#scenario.minutes * 60_000);
    this.#stop.abort();
    await Promise.all(loops);
    this.#tally.end();
  }

  async #converse(agent: number, name: string, size: number, route: AgentRoute | undefined): Promise<void> {
    if (route === undefined) throw new Error('An agent has no session.');
    const client = new Anthropic({
      baseURL: route.baseUrl,
      apiKey: route.key,
      authToken: null,
      maxRetries: claudeCodeRetries,
    });
    const { largestContext, answers } = this.#scenario;
    const conversation = new RealConversation(agent, name, { size, largestContext, answers });
    const { signal } = this.#stop;
    await this.#pause(Math.random() * 5000);
    while (!signal.aborted) {
      const { request, body } = conversation.next();
      this.#tally.wanted(request);
      try {
        await this.#send(client, request, body);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        // Only what Claude Code gives up for want of quota is a figure; anything else is a fault of the benchmark.
        if (!(error instanceof Anthropic.RateLimitError)) throw error;
        this.#tally.failed(request, 0);
      }
      await this.#pause(conversation.pauseMs());
    }
  }

  async #send(client: Anthropic, request: AgentRequest, body: Anthropic.MessageStreamParams): Promise<void> {
    const stream = client.messages.stream(body, { signal: this.#stop.signal });
    for await (const event of stream) {
      if (event.type !== 'message_start') continue;
      const { usage } = event.message;
      // The upstream took it before it began to answer.
      this.#tally.admitted(
        request,
        usage.input_tokens + (usage.cache_creation_input_tokens ?? 0),
        this.#scenario.answers.firstByteMs,
      );
    }
    this.#tally.answered(request);
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }
}
