import type Anthropic from '@anthropic-ai/sdk';
import type { AgentRequest } from './agentRequest.ts';
import { Conversation, type RequestStyle } from './conversation.ts';
import { RandomSource } from './randomSource.ts';

/** A token is so many bytes to the simulated upstream. */
const bytesPerToken = 4;
const filling = 'The quick brown fox jumps over the lazy dog. ';

/**
 * The bodies of a simulated conversation: each sends all blocks again, with a cache breakpoint at the last one, so that
 * the simulated upstream counts what the simulation counts.
 */
export class RealConversation {
  readonly #conversation: Conversation;
  readonly #name: string;
  #blocks: string[] = [];
  #count = 0;

  constructor(agent: number, name: string, style: RequestStyle) {
    this.#conversation = new Conversation(agent, new RandomSource(name), style);
    this.#name = name;
  }

  pauseMs(): number {
    return this.#conversation.pauseMs();
  }

  next(): { readonly request: AgentRequest; readonly body: Anthropic.MessageStreamParams } {
    const request = this.#conversation.next();
    const { cacheReadTokens, inputTokens, cacheCreation5mTokens, outputTokens } = request.usage;
    this.#keep(cacheReadTokens);
    this.#add(inputTokens + cacheCreation5mTokens);
    const content = this.#blocks.map((text, index) => ({
      type: 'text' as const,
      text,
      ...(index === this.#blocks.length - 1 && { cache_control: { type: 'ephemeral' as const } }),
    }));
    return {
      request,
      body: { model: request.model, max_tokens: Math.max(1, outputTokens), messages: [{ role: 'user', content }] },
    };
  }

  /** Drops the blocks that are not read from the cache any more. */
  #keep(tokens: number): void {
    if (tokens === 0) this.#blocks = [];
    let kept = 0;
    const after = this.#blocks.findIndex((block) => (kept += block.length / bytesPerToken) >= tokens);
    if (after >= 0) this.#blocks.length = after + 1;
  }

  #add(tokens: number): void {
    const start = `${this.#name} ${(this.#count += 1)}: `;
    const length = Math.max(start.length + 1, tokens * bytesPerToken);
    this.#blocks.push(start + filling.repeat(Math.ceil(length / filling.length)).slice(0, length - start.length));
  }
}
