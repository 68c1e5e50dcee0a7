import { once } from 'node:events';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Transform } from 'node:stream';
import { createBrotliCompress, createDeflate, createGzip, createZstdCompress, type Gzip } from 'node:zlib';

import type { ContentCoding } from './upstreamBehaviour.ts';

type Encoder = Transform & Pick<Gzip, 'flush'>;

/** `wanted` if the request's `accept-encoding` names it, else `identity`. */
export function negotiateCoding(wanted: ContentCoding, headers: IncomingHttpHeaders): ContentCoding {
  const accepted = (headers['accept-encoding'] ?? '').split(',');
  const isAccepted = accepted.some((item) => {
    const [name, ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    return name === wanted && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
  return isAccepted ? wanted : 'identity';
}

/** An answer's body in its content coding, each write flushed so that events arrive when they are written. */
export class EncodedBody {
  readonly #response: ServerResponse;
  readonly #encoder: Encoder | undefined;
  readonly #signal: AbortSignal;

  /** @param signal aborts when the client is gone */
  constructor(response: ServerResponse, coding: ContentCoding, signal: AbortSignal) {
    this.#response = response;
    this.#signal = signal;
    this.#encoder = encoderFor(coding);
    this.#encoder?.on('data', (chunk: Buffer) => {
      response.write(chunk);
    });
  }

  /** Resolves when more may be written; rejects with an AbortError if the client goes away before. */
  async write(text: string): Promise<void> {
    const encoder = this.#encoder;
    if (encoder === undefined) {
      this.#response.write(text);
    } else {
      encoder.write(text);
      await new Promise<void>((resolve) => {
        encoder.flush(resolve);
      });
    }
    if (this.#response.writableNeedDrain) {
      await once(this.#response, 'drain', { signal: this.#signal });
    }
  }

  /** Ends the answer properly. */
  async end(text = ''): Promise<void> {
    if (this.#encoder === undefined) {
      this.#response.end(text);
      return;
    }
    this.#encoder.end(text);
    await once(this.#encoder, 'end');
    this.#response.end();
  }

  /** Ends the connection after what was written has left, in the middle of the answer. */
  async cut(): Promise<void> {
    await new Promise<void>((resolve) => {
      // An empty chunk would end a chunked body, so the socket itself is asked when it is done.
      const { socket } = this.#response;
      if (socket === null || socket.destroyed) {
        resolve();
        return;
      }
      socket.write('', () => {
        resolve();
      });
    });
    this.#response.destroy();
  }

  /** Frees the encoder of an answer that was not ended. */
  dispose(): void {
    this.#encoder?.destroy();
  }
}

function encoderFor(coding: ContentCoding): Encoder | undefined {
  switch (coding) {
    case 'identity':
      return undefined;
    case 'gzip':
      return createGzip();
    case 'deflate':
      return createDeflate();
    case 'br':
      return createBrotliCompress();
    case 'zstd':
      return createZstdCompress();
  }
}
