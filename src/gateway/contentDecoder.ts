import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { ZstdFrames } from './zstdFrames.ts';

/** Undoes a content coding beside the stream that it came by. */
export interface ContentDecoder {
  /** @returns resolves when it is decoded, and never rejects; undefined where that is so already. */
  write(chunk: Buffer): Promise<void> | undefined;
  /** Resolves when all that was written is decoded, a whole message or not. Never rejects. */
  end(): Promise<void>;
}

/** The most encoded bytes that may wait to be decoded; beyond it nothing more is decoded. */
const mostWaiting = 16 * 1024 * 1024;

/**
 * @param coding the value of `content-encoding`. Source: RFC 9110 §8.4.1; RFC 8878 (zstd).
 * @param onData is given the decoded bytes, as they come.
 * @returns undefined for a coding that is not known here.
 */
export function createContentDecoder(
  coding: string | undefined,
  onData: (chunk: Buffer) => void,
): ContentDecoder | undefined {
  const plain: ContentDecoder = {
    write: (chunk) => {
      onData(chunk);
      return undefined;
    },
    end: () => Promise.resolve(),
  };
  if (coding === undefined) return plain;
  const codings = coding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
  let decoder = plain;
  for (const name of codings) {
    const next = oneDecoder(name, decoder);
    if (next === undefined) return undefined;
    decoder = next;
  }
  return decoder;
}

function oneDecoder(name: string, next: ContentDecoder): ContentDecoder | undefined {
  switch (name) {
    case 'gzip':
    case 'x-gzip':
      return streamDecoder(() => zlib.createGunzip({ finishFlush: zlib.constants.Z_SYNC_FLUSH }), next);
    case 'deflate':
      return streamDecoder(inflate, next);
    case 'br':
      return streamDecoder(
        () => zlib.createBrotliDecompress({ finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH }),
        next,
      );
    case 'zstd':
      return streamDecoder(() => new ZstdFrames(), next);
    default:
      return undefined;
  }
}

/** Senders disagree on whether `deflate` has the zlib header; its first byte tells. */
function inflate(first: Buffer): Transform {
  const options = { finishFlush: zlib.constants.Z_SYNC_FLUSH };
  return ((first[0] ?? 0) & 0x0f) === 8 ? zlib.createInflate(options) : zlib.createInflateRaw(options);
}

function streamDecoder(create: (first: Buffer) => Transform, next: ContentDecoder): ContentDecoder {
  let stream: Transform | undefined;
  let over: Promise<void> | undefined;
  /** Told when what they wrote is decoded, in its order, or when nothing more is: a stream that fails calls not all back. */
  const waiting: (() => void)[] = [];
  return {
    write: (chunk) => {
      if (chunk.length === 0) return undefined;
      if (stream === undefined) {
        const created = create(chunk);
        stream = created;
        over = new Promise((resolve) => {
          created.on('data', (data: Buffer) => {
            void next.write(data);
          });
          // What cannot be decoded says nothing; what was decoded before it stays.
          created.once('error', resolve);
          created.once('close', resolve);
          created.once('close', () => {
            for (const decoded of waiting.splice(0)) decoded();
          });
        });
      }
      const writable = stream;
      if (writable.destroyed || writable.writableEnded) return undefined;
      if (writable.writableLength > mostWaiting) {
        writable.destroy();
        return undefined;
      }
      return new Promise((resolve) => {
        waiting.push(resolve);
        writable.write(chunk, () => waiting.shift()?.());
      });
    },
    end: async () => {
      if (stream !== undefined && !stream.destroyed) stream.end();
      await over;
      await next.end();
    },
  };
}
