import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { LoopbackAnswer } from './loopbackAnswer.ts';

/** The most requests of one connection that are served at once. Clients of agents wait for each answer. */
const mostServed = 16;

/** The most that may come without an answer: each costs some KB, also where it is not served. */
const mostUnanswered = 256;

/** Bounds what a client can ask of a connection without waiting for answers. */
export class Pipeline {
  readonly #unanswered = new WeakMap<Duplex, number>();

  /** @returns whether the request is within the bounds, one too many to be served, or one at which its connection is cut. */
  add({ socket }: IncomingMessage, response: ServerResponse): 'served' | 'one-too-many' | 'flood' {
    const count = (this.#unanswered.get(socket) ?? 0) + 1;
    this.#unanswered.set(socket, count);
    response.once('close', () => {
      this.#unanswered.set(socket, (this.#unanswered.get(socket) ?? 1) - 1);
    });
    if (count > mostUnanswered) return 'flood';
    return count > mostServed ? 'one-too-many' : 'served';
  }
}

/** Sent behind the answers to the requests before, as the last of its connection. */
export const tooManyAtOnce: LoopbackAnswer = {
  status: 503,
  type: 'api_error',
  message: `Agent Quota answers no more than ${mostServed} requests of one connection at once; others are answered on a new one.`,
  retry: 'freely',
};
