import { headerValue, listHeaderValue } from '../loopback/headerValue.ts';

/** A stream has ended, and the message in it has not. */
export class UnfinishedStreamError extends Error {
  override readonly name = 'UnfinishedStreamError';

  constructor() {
    super('The stream ended before its message.');
  }
}

/** As much as the last event of a message may have, padded as Anthropic's is. */
const keptBytes = 256;

/**
 * The last bytes of an answer that is a stream of server-sent events: they tell whether another event can be put behind
 * them. Source: WHATWG HTML, "Server-sent events"; API documentation, "Streaming messages" (`message_stop` is the last).
 */
export class EventStreamTail {
  #tail: Buffer = Buffer.alloc(0);
  readonly #isChunked: boolean;

  private constructor(isChunked: boolean) {
    this.#isChunked = isChunked;
  }

  /** @returns undefined for an answer that is no such stream, is compressed, or has a length. */
  static of(rawHeaders: readonly string[]): EventStreamTail | undefined {
    const isStream = /^text\/event-stream\s*(?:;|$)/i.test(headerValue(rawHeaders, 'content-type') ?? '');
    const isPlain = /^(?:identity)?$/i.test(listHeaderValue(rawHeaders, 'content-encoding')?.trim() ?? '');
    const hasLength = headerValue(rawHeaders, 'content-length') !== undefined;
    const isChunked = headerValue(rawHeaders, 'transfer-encoding') !== undefined;
    return isStream && isPlain && !hasLength ? new EventStreamTail(isChunked) : undefined;
  }

  push(chunk: Buffer): void {
    const tail = chunk.length >= keptBytes ? chunk : Buffer.concat([this.#tail, chunk]);
    this.#tail = tail.subarray(-keptBytes);
  }

  /**
   * Whether a message's stream that ends now was cut: without chunks the end of the connection ends it, and a connection
   * that was lost is told no different; but a message has an end of its own.
   */
  get endsTooSoon(): boolean {
    return !this.#isChunked && !this.#isOver;
  }

  /** Whether the stream is between two events and its message has not ended. */
  get takesEvent(): boolean {
    const text = this.#tail.toString('latin1');
    return (text === '' || /\r?\n\r?\n$/.test(text)) && !this.#isOver;
  }

  get #isOver(): boolean {
    return this.#tail.includes('"message_stop"');
  }
}

/** An `error` event as the upstream itself sends one in a stream. Source: API documentation, "Streaming messages". */
export function errorEvent(message: string): string {
  return `event: error\ndata: ${JSON.stringify({ type: 'error', error: { type: 'api_error', message } })}\n\n`;
}
